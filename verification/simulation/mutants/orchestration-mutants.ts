import type { LoadedApp } from "../../../host/app/load-app.js";
import type { ActivityRunner } from "../../../host/durable/engine/index.js";
import type { DecisionEvent } from "../../../src/orchestrators/runtime/contracts.js";
import type { Mutant } from "./mutant.js";
import { changeInput, changePlan } from "./wrap.js";

interface Answer {
  actions: { actionType: number; input?: unknown }[][];
}

/** Orchestrators that put a value into their calls that no history contains. */
function nondeterministic(app: LoadedApp): LoadedApp {
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

/** How often the engine without a limit runs each activity. */
const COPIES = 25;
const TRIES = 12;

/** Retries a failing activity without the engine's knowledge. */
const retryForever =
  (runner: ActivityRunner): ActivityRunner =>
  async (call) => {
    let end = await runner(call);
    for (let tries = 1; !end.ok && tries < TRIES; tries += 1) end = await runner(call);
    return end;
  };

const kindOf = (data: object): DecisionEvent["kind"] | undefined =>
  "kind" in data ? (data as DecisionEvent).kind : undefined;

const manualActions = new Map<string, string[]>();

export const ORCHESTRATION_MUTANTS: readonly Mutant[] = [
  {
    breaks: "I3",
    what: "a full run that commits without its validation",
    activities: changePlan((plan) =>
      plan.verb === "full-run" ? { ...plan, validation: { ...plan.validation, required: false } } : plan,
    ),
  },
  {
    breaks: "I7",
    what: "groups in reverse order",
    activities: changePlan((plan) => ({ ...plan, groups: plan.groups.toReversed() })),
  },
  {
    breaks: "I10",
    what: "steps that do not check for a cancel",
    services: (services) => ({ ...services, assertActive: async () => undefined }),
  },
  { breaks: "I15", what: "nondeterministic orchestrators", app: nondeterministic },
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
    breaks: "I17",
    what: "a confirmation of one action that is taken for every other one too",
    activities: changePlan((plan) => {
      const { groups, shutdown } = plan;
      const all = [...groups, shutdown].flatMap(({ before, after }) => [...before, ...after]);
      manualActions.set(
        plan.executionId,
        all.flatMap(({ kind, id }) => (kind === "manual" ? [id] : [])),
      );
      return plan;
    }),
    orchestrations: (orchestrations) => ({
      ...orchestrations,
      raise: async (id, event, data) => {
        await orchestrations.raise(id, event, data);
        if (kindOf(data) !== "confirm") return;
        for (const actionId of manualActions.get(id) ?? []) {
          if (!("actionId" in data) || data.actionId !== actionId)
            await orchestrations.raise(id, event, { ...data, actionId });
        }
      },
    }),
  },
  {
    breaks: "I21",
    what: "an engine without a concurrency limit",
    activities: (runner) => async (call) => {
      const [end] = await Promise.all(
        Array.from({ length: COPIES }, (_, at) => runner({ ...call, taskId: call.taskId + at * 1_000 })),
      );
      if (end === undefined) throw new Error("nothing ran");
      return end;
    },
  },
  {
    breaks: "I25",
    what: "a report in which everything succeeded",
    activities: changeInput("close-execution", (closing: { reports: object[] }) => ({
      ...closing,
      status: "succeeded",
      failure: null,
      reports: closing.reports.map((report) => ({ ...report, outcome: "succeeded", failure: null })),
    })),
  },
  { breaks: "I26", what: "an engine that retries a failing activity without limit", activities: retryForever },
];
