import { expect, test } from "vitest";
import type { Context } from "../../src/commands/context.js";
import { cancelExecution, confirmAction, resolveFailure, validateExecution } from "../../src/commands/decisions.js";
import { sweepExecutions } from "../../src/commands/sweep.js";
import { testInBothReplays } from "../support/both-replays.js";
import { VirtualApp } from "../support/virtual-app.js";

const confirm = (context: Context, executionId: string, done: boolean, by = "ann", ask = 1) =>
  confirmAction(context, executionId, { actionId: "check-orders", ask, done, by, note: "" });
const validate = (context: Context, executionId: string, verdict: "accept" | "reject", by = "ann") =>
  validateExecution(context, executionId, { verdict, by, reason: "looked at it" });
const cancel = (context: Context, executionId: string, behaviour: "restore-protection" | "as-documented", by = "ann") =>
  cancelExecution(context, executionId, { behaviour, by, reason: undefined });

const decidedBy = (who: string, what: string) => ({
  code: "decided-already",
  message: expect.stringMatching(new RegExp(`${who}.*${what}.* at 20`)),
});

testInBothReplays("a second decision is refused with who decided first, and the same one again is not", async (app) => {
  const { context } = app;
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  await confirm(context, executionId, true);
  await confirm(context, executionId, true, "bob");
  await expect(confirm(context, executionId, false, "bob")).rejects.toMatchObject(decidedBy("ann", "done"));
  await app.awaiting(executionId, "validate");
  await validate(context, executionId, "reject");
  await expect(validate(context, executionId, "accept", "bob")).rejects.toMatchObject(decidedBy("ann", "reject"));
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "failed", failure: { code: "validation-rejected" } });
  await expect(validate(context, executionId, "accept", "bob")).rejects.toMatchObject(decidedBy("ann", "reject"));
  expect(execution.decisions).toMatchObject([
    { decision: { kind: "confirm", actionId: "check-orders", ask: 1, done: true, by: "ann" } },
    { decision: { kind: "validate", verdict: "reject", by: "ann" } },
  ]);
});

testInBothReplays("a failure is resolved once", async (app) => {
  const { context } = app;
  await app.context.estate.addFault("shop", {
    target: { itemId: "orders-db-1" },
    operation: "start-test-copy",
    mode: "refuse",
  });
  await app.changePlan((plan) => ({
    ...plan,
    failurePolicy: { "test-failover": { onItemFailure: "ask", onActionFailure: "ask" } },
  }));
  const executionId = await app.start("test-failover");
  await app.until(executionId, ({ awaits }) => awaits.length > 0);
  const resolve = (answer: "skip" | "undo", by: string) =>
    resolveFailure(context, executionId, { ask: 1, answer, by, reason: "" });
  await resolve("skip", "ann");
  await expect(resolve("undo", "bob")).rejects.toMatchObject(decidedBy("ann", "skip"));
  expect((await app.ended(executionId)).execution.status).toBe("succeeded-with-failures");
});

testInBothReplays("a cancel is repeated, but not changed, and ends all other decisions", async (app) => {
  const { context } = app;
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  await cancel(context, executionId, "restore-protection");
  await cancel(context, executionId, "restore-protection", "bob");
  await expect(cancel(context, executionId, "as-documented", "bob")).rejects.toMatchObject(
    decidedBy("ann", "restore-protection"),
  );
  await expect(confirm(context, executionId, true, "bob")).rejects.toMatchObject(decidedBy("ann", "cancel"));
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "cancelled", cancelRequest: { requestedBy: "ann" } });
});

const RACES = {
  "accept and reject": ["accept", "reject"],
  "reject and accept": ["reject", "accept"],
} as const;
for (const [name, verdicts] of Object.entries(RACES)) {
  testInBothReplays(`of ${name} at once, exactly one is acknowledged, and it takes effect`, async (app) => {
    const executionId = await app.start("planned-failover");
    await app.confirm(executionId);
    await app.awaiting(executionId, "validate");
    const made = await Promise.allSettled(
      verdicts.map((verdict) => validate(app.context, executionId, verdict, verdict)),
    );
    const stands = verdicts.filter((_, at) => made[at]?.status === "fulfilled");
    expect(stands).toHaveLength(1);
    expect(made.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "decided-already" } });
    const { execution } = await app.ended(executionId);
    expect(execution.status).toBe(stands[0] === "accept" ? "succeeded" : "failed");
  });
}

testInBothReplays("of a decision and a cancel at once, no decision is acknowledged after the cancel", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.confirm(executionId);
  await app.awaiting(executionId, "validate");
  const [cancelled, accepted] = await Promise.allSettled([
    cancel(app.context, executionId, "restore-protection"),
    validate(app.context, executionId, "accept", "bob"),
  ]);
  expect(cancelled.status).toBe("fulfilled");
  const { execution } = await app.ended(executionId);
  expect(execution.status).toBe("cancelled");
  expect(execution.decisions?.some(({ decision }) => decision.kind === "validate") ?? false).toBe(
    accepted.status === "fulfilled",
  );
});

/** Two manual actions one after the other, and the first one again after it was declined. */
async function openWithTwoActions(): Promise<{ app: VirtualApp; executionId: string }> {
  const app = await VirtualApp.open();
  const action = (id: string) => ({
    id,
    name: id,
    kind: "manual" as const,
    failoverTypes: ["planned" as const],
    instructions: `Do ${id}.`,
    onFailure: "ask" as const,
  });
  await app.loadShop((plan) => ({
    ...plan,
    shutdown: { before: [action("first"), action("second")] },
  }));
  return { app, executionId: await app.start("planned-failover") };
}

const asked = (app: VirtualApp, executionId: string, actionId: string, ask: number) =>
  app.until(executionId, ({ awaits }) =>
    awaits.some((one) => one.kind === "confirm" && one.actionId === actionId && one.ask === ask),
  );
const confirmOf = (app: VirtualApp, executionId: string, actionId: string, ask: number, done = true) =>
  confirmAction(app.context, executionId, { actionId, ask, done, by: "ann", note: "" });

test("a confirmation of one action is not taken for the next one, however often its event arrives", async () => {
  const { app, executionId } = await openWithTwoActions();
  await asked(app, executionId, "first", 1);
  await confirmOf(app, executionId, "first", 1);
  await confirmOf(app, executionId, "first", 1);
  await asked(app, executionId, "second", 1);
  await confirmOf(app, executionId, "first", 1);
  await app.pass(60_000);
  const { awaits } = await asked(app, executionId, "second", 1);
  expect(awaits).toMatchObject([{ kind: "confirm", actionId: "second", ask: 1 }]);
  await app.close();
});

test("an answer to an action is not taken for the same action that is asked for again", async () => {
  const { app, executionId } = await openWithTwoActions();
  await asked(app, executionId, "first", 1);
  await confirmOf(app, executionId, "first", 1, false);
  await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "resolve"));
  await resolveFailure(app.context, executionId, { ask: 1, answer: "retry", by: "ann", reason: "" });
  await asked(app, executionId, "first", 2);
  await confirmOf(app, executionId, "first", 1, false); // a repeated request, whose event arrives late
  await expect(confirmOf(app, executionId, "first", 1)).rejects.toMatchObject({ code: "decided-already" });
  await expect(confirmOf(app, executionId, "second", 1)).rejects.toMatchObject({ code: "nothing-awaited" });
  await app.pass(60_000);
  await asked(app, executionId, "first", 2);
  await confirmOf(app, executionId, "first", 2);
  await asked(app, executionId, "second", 1);
  await app.close();
});

test("a decision whose event was lost reaches the execution by the sweep", async () => {
  const app = await VirtualApp.open();
  await app.loadShop();
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  const died = new Error("the host died");
  const dying: Context = {
    ...app.context,
    orchestrations: { ...app.context.orchestrations, raise: () => Promise.reject(died) },
  };
  await expect(confirm(dying, executionId, true)).rejects.toThrow("the host died");
  await expect(confirm(app.context, executionId, false, "bob")).rejects.toMatchObject(decidedBy("ann", "done"));
  await app.pass(61_000);
  expect((await sweepExecutions(app.context)).repaired).toEqual([executionId]);
  await app.awaiting(executionId, "validate");
  await app.pass(61_000);
  expect((await sweepExecutions(app.context)).repaired).toEqual([]);
  await app.close();
});

test("a decision at the last moment counts, even if its event was lost, and one after the time limit is refused", async () => {
  for (const inTime of [true, false]) {
    const app = await VirtualApp.open();
    await app.loadShop((plan) => ({ ...plan, validation: { timeLimitMinutes: 60, onExpiry: "undo" } }));
    const executionId = await app.start("planned-failover");
    await app.confirm(executionId);
    await app.awaiting(executionId, "validate");
    const { orchestrations } = app.context;
    const deaf: Context = { ...app.context, orchestrations: { ...orchestrations, raise: async () => undefined } };
    if (inTime) await validate(deaf, executionId, "accept");
    const { execution } = await app.ended(executionId);
    expect(execution.status).toBe(inTime ? "succeeded" : "failed");
    const late = validate(app.context, executionId, "reject", "bob");
    await expect(late).rejects.toMatchObject({
      code: "decided-already",
      message: expect.stringContaining(inTime ? "ann decided" : "nobody decided on the validation in time"),
    });
    await app.close();
  }
});
