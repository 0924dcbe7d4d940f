import type { LoadedApp } from "../../../host/app/load-app.js";
import type { ActivityRunner } from "../../../host/durable/engine/index.js";
import type { Decision } from "../../../src/orchestrators/contracts.js";
import type { Mutant } from "./mutant.js";
import { plans, told } from "./wrap.js";

interface Answer {
  actions: { actionType: number; input?: unknown }[][];
}

/** Orchestrators that put something into their calls which no history has. */
function unsteady(app: LoadedApp): LoadedApp {
  let calls = 0;
  return {
    ...app,
    invoke: async (fn, request) => {
      const result = await app.invoke(fn, request);
      if (fn.trigger.type !== "orchestrationTrigger") return result;
      calls += 1;
      const answer = result.value as Answer;
      for (const action of answer.actions.flat()) {
        if (typeof action.input === "object") action.input = { ...action.input, moment: calls };
      }
      return result;
    },
  };
}

/** How often the engine that counts nothing runs what it is to run once. */
const AT_ONCE = 25;
const TRIES = 12;

/** Tries a failing activity again and again, behind the back of the engine. */
const stubborn =
  (runner: ActivityRunner): ActivityRunner =>
  async (call) => {
    let end = await runner(call);
    for (let tries = 1; !end.ok && tries < TRIES; tries += 1) end = await runner(call);
    return end;
  };

const kindOf = (data: object): Decision["kind"] | undefined => ("kind" in data ? (data as Decision).kind : undefined);

export const BROKEN_STORIES: readonly Mutant[] = [
  {
    breaks: "I3",
    what: "a full run that commits without its validation",
    activities: plans((plan) =>
      plan.verb === "full-run" ? { ...plan, validation: { ...plan.validation, required: false } } : plan,
    ),
  },
  {
    breaks: "I7",
    what: "groups in the wrong order",
    activities: plans((plan) => ({ ...plan, groups: plan.groups.toReversed() })),
  },
  {
    breaks: "I10",
    what: "steps that do not ask whether the execution was cancelled",
    services: (services) => ({ ...services, refuseIfOver: async () => undefined }),
  },
  { breaks: "I15", what: "orchestrators that are not deterministic", app: unsteady },
  {
    breaks: "I17",
    what: "decisions that are acknowledged and dropped",
    orchestrations: (orchestrations) => ({
      ...orchestrations,
      raise: async (id, event, data) => {
        if (kindOf(data) === "cancel") await orchestrations.raise(id, event, data);
      },
    }),
  },
  {
    breaks: "I21",
    what: "an engine that does not count what it runs at once",
    activities: (runner) => async (call) => {
      const [end] = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, at) => runner({ ...call, taskId: call.taskId + at * 1_000 })),
      );
      if (end === undefined) throw new Error("nothing ran");
      return end;
    },
  },
  {
    breaks: "I25",
    what: "a report in which everything succeeded",
    activities: told("close-execution", (closing: { reports: object[] }) => ({
      ...closing,
      status: "succeeded",
      failure: null,
      reports: closing.reports.map((report) => ({ ...report, outcome: "succeeded", failure: null })),
    })),
  },
  { breaks: "I26", what: "an engine that tries what fails again and again", activities: stubborn },
];
