import { pauseExecution, resumeExecution, switchToUnplanned } from "../../src/commands/steer.js";
import { extendWait, skipSteps } from "../../src/commands/steering-acts.js";
import { approvalAwaited, decideAs, TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import type { Estate } from "../support/estates.js";
import type { Journey } from "./journey.js";
import type { Meanwhile } from "./meanwhile.js";

const ANN = { person: "ann", reason: "the network team asked for it" };
const ONE = { ...TWO_BEFORE_START, needed: 1 };
const HOUR_MS = 3_600_000;

/** People decide, one after the other, about the approvals that the execution asks for. */
const decided =
  (...verdicts: readonly ("approve" | "decline")[]): Meanwhile =>
  async (app, executionId) => {
    const asked = new Set<string>();
    for (const decision of verdicts) {
      const { approvalId } = await approvalAwaited(app, executionId);
      const people = asked.has(approvalId) ? ["bob"] : ["ann"];
      asked.add(approvalId);
      for (const person of people) await decideAs(app, person, approvalId, { decision });
      await app.pass(1_000);
    }
  };

/** Time passes over the end of what is asked for. */
const nobodyDecides: Meanwhile = async (app, executionId) => {
  await approvalAwaited(app, executionId);
  await app.pass(25 * HOUR_MS);
};

const paused: Meanwhile = async (app, executionId) => {
  await app.pass(60_000);
  await pauseExecution(app.context, executionId, ANN);
  await app.pass(10 * HOUR_MS);
  await resumeExecution(app.context, executionId, ANN);
};

const switched: Meanwhile = async (app, executionId) => {
  await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "continue-without"));
  await switchToUnplanned(app.context, executionId, ANN);
};

/** The shutdown of a machine hangs; its time is extended, and then a person skips it. */
const extendedAndSkipped: Meanwhile = async (app, executionId) => {
  const { awaits } = await app.until(executionId, (view) =>
    view.awaits.some(({ kind }) => kind === "continue-without"),
  );
  const stuck = awaits.find(({ kind }) => kind === "continue-without");
  if (stuck?.stepId == null || stuck.until === null) throw new Error("nothing was stuck");
  await extendWait(app.context, executionId, { ...ANN, stepId: stuck.stepId, until: stuck.until, minutes: 60 });
  await skipSteps(app.context, executionId, { ...ANN, stepIds: [stuck.stepId] });
};

const withTimer =
  (onExpiry: "commit" | "roll-back") =>
  (plan: Estate["plan"]): Estate["plan"] => ({
    ...plan,
    commitTimer: { afterMinutes: 60, onExpiry, warnMinutesBefore: [10] },
  });

const hangingShutdown = { operation: "shut-down-source", mode: "hang" } as const;

/** What people do with a running execution beside answering its questions: approve, steer, or leave it to the timer. */
export const PEOPLE_JOURNEYS: readonly Journey[] = [
  {
    scenario: "azure-to-azure",
    plan: withApprovals(TWO_BEFORE_START, { ...ONE, id: "commit", name: "Commit", before: { kind: "commit" } }),
    runs: [
      ["planned-failover", { label: "approval-declined", meanwhile: decided("decline"), ends: "failed" }],
      ["planned-failover", { label: "approved", meanwhile: decided("approve", "approve") }],
      ["commit", { label: "approved", meanwhile: decided("approve") }],
    ],
  },
  {
    scenario: "azure-to-azure",
    plan: withApprovals(ONE),
    runs: [["unplanned-failover", { label: "not-approved-in-time", meanwhile: nobodyDecides, ends: "failed" }]],
  },
  { scenario: "azure-to-azure", runs: [["planned-failover", { label: "paused", meanwhile: paused }]] },
  {
    scenario: "azure-to-azure",
    runs: [
      [
        "planned-failover",
        {
          label: "switched-to-unplanned",
          fault: { operation: "shut-down-source", mode: "hang", target: { siteId: "home" } },
          meanwhile: switched,
        },
      ],
    ],
  },
  {
    scenario: "azure-to-azure",
    runs: [
      ["unplanned-failover", { label: "extended-and-skipped", fault: hangingShutdown, meanwhile: extendedAndSkipped }],
    ],
  },
  ...(["commit", "roll-back"] as const).map(
    (onExpiry): Journey => ({
      scenario: "azure-to-azure",
      plan: withTimer(onExpiry),
      runs: [["planned-failover", { label: `${onExpiry}-by-timer` }]],
    }),
  ),
];
