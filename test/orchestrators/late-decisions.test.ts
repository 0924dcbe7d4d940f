/**
 * A decision is for one question. Events arrive at least once and in any order, so a decision that comes again, late or
 * early must not answer another question. The events go to the orchestration itself: the commands refuse most of them,
 * and a repeat of the host or of a dead request passes the commands.
 */
import { expect } from "vitest";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { DECISION_EVENT, type DecisionEvent } from "../../src/orchestrators/runtime/contracts.js";
import { testInBothReplays } from "../support/both-replays.js";
import type { VirtualApp } from "../support/virtual-app.js";

const action = (id: string) => ({
  ...{ id, name: id, kind: "manual" as const, instructions: `Do ${id}.` },
  failoverTypes: ["planned" as const],
});

/** Two manual actions, one right after the other, and questions about failures. */
const inTwoSteps = (plan: PlanInput): PlanInput => ({
  ...plan,
  groups: plan.groups.map((group, at) => ({
    ...group,
    before: at === 0 ? [action("first"), action("second")] : [],
    after: [],
  })),
  failurePolicy: { "planned-failover": { onItemFailure: "ask", onActionFailure: "ask" } },
});

const testInTwoSteps = (title: string, run: (app: VirtualApp) => Promise<void>) =>
  testInBothReplays(title, run, inTwoSteps);

const raise = (app: VirtualApp, executionId: string, made: DecisionEvent) =>
  app.context.orchestrations.raise(executionId, DECISION_EVENT, made);

const confirms = (actionId: string, done = true, ask = 1): DecisionEvent => ({
  ...{ kind: "confirm", actionId, ask, done, by: "operator", note: "" },
});

/** Runs until the execution asks this, or ends. */
const asked = async (app: VirtualApp, executionId: string, wanted: object): Promise<void> => {
  const isWanted = (awaited: object): boolean =>
    Object.entries({ ...awaited, ...wanted }).every(([name, value]) => value === { ...awaited }[name as never]);
  const { awaits, status } = await app.until(executionId, (view) => isEnded(view.status) || view.awaits.some(isWanted));
  expect({ status, awaits }).toMatchObject({ awaits: [wanted] });
};

testInTwoSteps("a confirmation that arrives again does not confirm the next action", async (app) => {
  const executionId = await app.start("planned-failover");
  await asked(app, executionId, { kind: "confirm", actionId: "first" });
  await raise(app, executionId, confirms("first"));
  await raise(app, executionId, confirms("first"));
  await asked(app, executionId, { kind: "confirm", actionId: "second" });
  await raise(app, executionId, confirms("first"));
  await app.pass(60_000);
  await asked(app, executionId, { kind: "confirm", actionId: "second" });
  await raise(app, executionId, confirms("second"));
  await app.validate(executionId);
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
});

testInTwoSteps("a refusal of one action that arrives late does not decline the next one", async (app) => {
  const executionId = await app.start("planned-failover");
  await asked(app, executionId, { kind: "confirm", actionId: "first" });
  await raise(app, executionId, confirms("first"));
  await asked(app, executionId, { kind: "confirm", actionId: "second" });
  await raise(app, executionId, confirms("first", false));
  await app.pass(60_000);
  await asked(app, executionId, { kind: "confirm", actionId: "second" });
});

testInTwoSteps("an answer to one question about a failure does not answer the next one", async (app) => {
  const executionId = await app.start("planned-failover");
  const resolves = (ask: number): DecisionEvent => ({
    ...{ kind: "resolve", ask, answer: "retry", by: "operator", reason: "" },
  });
  await asked(app, executionId, { kind: "confirm", actionId: "first" });
  await raise(app, executionId, confirms("first", false));
  await asked(app, executionId, { kind: "resolve", ask: 1 });
  await raise(app, executionId, resolves(1));
  await raise(app, executionId, resolves(1));
  await asked(app, executionId, { kind: "confirm", actionId: "first", ask: 2 });
  await raise(app, executionId, confirms("first", false, 2));
  await asked(app, executionId, { kind: "resolve", ask: 2 });
  await raise(app, executionId, resolves(1));
  await app.pass(60_000);
  await asked(app, executionId, { kind: "resolve", ask: 2 });
});

testInTwoSteps("a decision of another kind does not answer a question", async (app) => {
  const executionId = await app.start("planned-failover");
  await asked(app, executionId, { kind: "confirm", actionId: "first" });
  await raise(app, executionId, { kind: "validate", verdict: "accept", by: "operator", reason: "" });
  await raise(app, executionId, { kind: "resolve", ask: 1, answer: "skip", by: "operator", reason: "" });
  await app.pass(60_000);
  await asked(app, executionId, { kind: "confirm", actionId: "first" });
  await raise(app, executionId, confirms("first"));
  await raise(app, executionId, confirms("second"));
  await asked(app, executionId, { kind: "validate" });
});
