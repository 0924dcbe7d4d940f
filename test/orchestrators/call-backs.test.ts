import { afterEach, expect, test } from "vitest";
import { completeAction } from "../../src/commands/call-backs.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { Receiver } from "../support/receiver.js";
import { VirtualApp } from "../support/virtual-app.js";

const LIMIT_MINUTES = 90;

let app: VirtualApp;
let receiver: Receiver;
afterEach(async () => {
  await app.close();
  receiver.close();
});

/** A planned failover that is at a webhook which answers as given, before its sources are shut down. */
async function start(
  answer: Parameters<typeof Receiver.listen>[0],
  more: Readonly<Record<string, unknown>> = {},
  replay: "normal" | "every-step" = "normal",
): Promise<string> {
  receiver = await Receiver.listen(answer);
  app = await VirtualApp.open({ replay });
  const hook = {
    id: "runbook",
    name: "Run the runbook",
    kind: "webhook" as const,
    url: receiver.url,
    failoverTypes: ["planned" as const],
    timeLimitMinutes: LIMIT_MINUTES,
    ...more,
  };
  await app.loadShop((plan): PlanInput => ({ ...plan, shutdown: { before: [hook] }, validation: { required: false } }));
  return app.start("planned-failover");
}

const awaitingCallBack = (executionId: string, ask = 1) =>
  app.until(executionId, ({ awaits }) => awaits.some((one) => one.kind === "call-back" && one.ask === ask));

const tokenOf = (call: number): string =>
  (receiver.received[call - 1]?.body["callBack"] as { token: string } | undefined)?.token ?? "";

const complete = (executionId: string, token: string, done = true, detail = "ran for an hour") =>
  completeAction(app.context, executionId, { actionId: "runbook", token, done, detail });

for (const replay of ["normal", "every-step"] as const) {
  test(`a webhook that answers 202 is done when it calls back (${replay})`, async () => {
    const executionId = await start(() => 202, {}, replay);
    const view = await awaitingCallBack(executionId);
    expect(view.awaits).toMatchObject([{ kind: "call-back", actionId: "runbook", ask: 1 }]);
    expect(view.awaits[0]?.asks).toMatch(/127\.0\.0\.1:\d+ works on it and calls back, until 2026-/);
    expect(view.status).toBe("running"); // no person is awaited
    expect(receiver.received[0]?.body["callBack"]).toEqual({
      method: "POST",
      path: `/api/executions/${executionId}/actions/runbook/complete`,
      url: null,
      token: expect.stringMatching(/^1\.[\w-]{43}$/),
      timeLimitMinutes: LIMIT_MINUTES,
    });
    await app.pass(60 * 60_000);
    await complete(executionId, tokenOf(1));
    await complete(executionId, tokenOf(1)); // at least once is enough
    await app.confirm(executionId);
    const { execution, steps } = await app.ended(executionId);
    expect(execution.status).toBe("succeeded");
    expect(receiver.received).toHaveLength(1);
    const step = steps.find(({ id }) => id === "call-back/runbook/1");
    expect(step).toMatchObject({ status: "succeeded", detail: "confirmed by call-back: ran for an hour" });
  });
}

test("a call-back that reports a failure fails the action", async () => {
  const executionId = await start(() => 202);
  await awaitingCallBack(executionId);
  await complete(executionId, tokenOf(1), false, "the zone is locked");
  await expect(complete(executionId, tokenOf(1), true)).rejects.toMatchObject({ code: "decided-already" });
  const { execution } = await app.ended(executionId);
  expect(execution.status).toBe("failed");
  expect(execution).toMatchObject({ failure: { message: expect.stringContaining("the zone is locked") } });
});

test("a call-back that does not come in time fails the action", async () => {
  const executionId = await start(() => 202);
  const { execution, steps } = await app.ended(executionId);
  expect(execution.status).toBe("failed");
  expect(steps.find(({ id }) => id === "call-back/runbook/1")?.error?.code).toBe("time-limit");
});

test("only the token of the action and of the time it was asked for is taken", async () => {
  const executionId = await start(() => 202, { onFailure: "ask" });
  await awaitingCallBack(executionId);
  const first = tokenOf(1);
  for (const token of ["", "1.x", `2.${first.slice(2)}`, first.slice(0, -1), "x".repeat(200)]) {
    await expect(complete(executionId, token)).rejects.toMatchObject({ code: "call-back-refused" });
  }
  const other = { actionId: "check-orders", token: first, done: true, detail: "" };
  await expect(completeAction(app.context, executionId, other)).rejects.toMatchObject({ code: "call-back-refused" });
  const unknown = "00000000-0000-8000-8000-000000000000";
  await expect(complete(unknown, first)).rejects.toMatchObject({ code: "call-back-refused" });

  await complete(executionId, first, false, "no");
  await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "resolve"));
  await app.decide(executionId, { kind: "resolve", ask: 1, answer: "retry" });
  await awaitingCallBack(executionId, 2);
  await complete(executionId, first, false, "no"); // repeated, and of the first time
  await app.pass(60_000);
  await awaitingCallBack(executionId, 2);
  await complete(executionId, tokenOf(2));
  await app.confirm(executionId);
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
});

test("a call-back that is faster than the answer to the call counts", async () => {
  const executionId = await start(async (_call, { body }) => {
    const { token } = body["callBack"] as { token: string };
    await complete(String(body["executionId"]), token);
    return 202;
  });
  await app.confirm(executionId);
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
  expect(receiver.received).toHaveLength(1);
});

test("a call-back of a call that timed out ends the back-off, and the webhook is not called again", async () => {
  const executionId = await start(() => null, { timeoutSeconds: 1 });
  await app.until(executionId, () => receiver.received.length === 1);
  await complete(executionId, tokenOf(1));
  await app.confirm(executionId);
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
  expect(receiver.received).toHaveLength(1);
});

test("a person may confirm in place of a receiver that died", async () => {
  const executionId = await start(() => 202);
  await awaitingCallBack(executionId);
  await app.decide(executionId, { kind: "confirm", actionId: "runbook", ask: 1, done: true });
  await app.confirm(executionId);
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
});

test("a webhook that was not asked to call back is done with a 202, and gets no token", async () => {
  const executionId = await start(() => 202, { timeLimitMinutes: undefined });
  await app.confirm(executionId);
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
  expect(receiver.received[0]?.body["callBack"]).toBeUndefined();
});
