import { afterEach, expect, test } from "vitest";
import { saveSubscription } from "../../src/commands/notifications/subscriptions.js";
import type { ExecutionEventKind } from "../../src/domain/notifications/event.js";
import { delayOf } from "../../src/domain/notifications/outbox.js";
import { SubscriptionInput } from "../../src/domain/notifications/subscription.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { RETRY_POLICIES } from "../../src/domain/retry-policies.js";
import { publishEvent } from "../../src/executions/contracts.js";
import { type Received, Receiver } from "../support/receiver.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
const receivers: Receiver[] = [];
afterEach(async () => {
  await app.close();
  for (const receiver of receivers.splice(0)) receiver.close();
});

async function listen(...given: Parameters<typeof Receiver.listen>): Promise<Receiver> {
  const receiver = await Receiver.listen(...given);
  receivers.push(receiver);
  return receiver;
}

async function open(urls: readonly string[], on?: ExecutionEventKind[], replay: "normal" | "every-step" = "normal") {
  app = await VirtualApp.open({ replay });
  const notifications = urls.map((url) => (on === undefined ? { url } : { url, on }));
  await app.loadShop((plan): PlanInput => ({ ...plan, notifications }));
}

const idOf = (call: Received | undefined) => String(call?.headers["webhook-id"]);
const eventsOf = ({ received }: Receiver) => received.map(({ body }) => body["event"]);
for (const replay of ["normal", "every-step"] as const) {
  test(`tell who is awaited, with plan, loss, deadline and link, and how it ended (${replay})`, async () => {
    const receiver = await listen();
    await open([receiver.url], undefined, replay);
    const { execution } = await app.attempt("planned-failover");
    const { executionId } = execution;
    expect(eventsOf(receiver)).toEqual([
      "started",
      "awaiting-input",
      "progress",
      "progress",
      "progress",
      "progress",
      "awaiting-input",
      "ended",
    ]);
    const [started, confirm] = receiver.received;
    const common = {
      executionId,
      plan: { id: "shop", name: "Web shop to West Europe", version: 1 },
      verb: "planned-failover",
      link: { path: `/api/executions/${executionId}`, url: null },
    };
    expect(started?.body).toMatchObject({ ...common, items: 11 });
    expect(confirm?.body).toMatchObject({
      ...common,
      awaits: {
        kind: "confirm",
        actionId: "check-orders",
        ask: 1,
        asks: expect.any(String),
        until: expect.any(String),
      },
      worstLossSeconds: 0,
    });
    expect(receiver.received.at(-1)?.body).toMatchObject({
      ...common,
      status: "succeeded",
      reason: null,
      outcomes: { succeeded: 11 },
      worstLossSeconds: 0,
    });
    const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(execution.undelivered).toBeUndefined();
  });
}

test("name each failed item once, with the reason", async () => {
  const receiver = await listen();
  await open([receiver.url], ["item-failed", "ended"]);
  for (const itemId of ["web-1", "app-1"]) {
    await app.context.estate.addFault("shop", { target: { itemId }, operation: "start-replica", mode: "refuse" });
  }
  const { execution } = await app.attempt("unplanned-failover");
  const failed = receiver.received.filter(({ body }) => body["event"] === "item-failed");
  const named = failed.flatMap(({ body }) => body["items"] as { itemId: string; reason: string }[]);
  expect(named.map(({ itemId }) => itemId).sort()).toEqual(["app-1", "web-1"]);
  for (const { reason } of named) expect(reason).toContain("refused start-replica");
  expect(receiver.received.at(-1)?.body).toMatchObject({ status: execution.status, outcomes: { failed: 2 } });
});

test("that are not taken are sent again with back-off under the same id, and leave a trace until they are taken", async () => {
  app = await VirtualApp.open();
  const receiver = await listen(
    (call) => (call <= 2 ? 500 : 200),
    () => app.clock.now(),
  );
  await app.loadShop(
    (plan): PlanInput => ({ ...plan, notifications: [{ url: receiver.url, on: ["awaiting-input"] }] }),
  );
  const executionId = await app.start("planned-failover");
  const noted = await app.until(executionId, ({ execution }) => execution.undelivered?.[0]?.attempts === 2);
  expect(noted.execution.undelivered).toMatchObject([
    { event: "awaiting-input", url: receiver.url, why: expect.stringContaining("answered 500"), attempts: 2 },
  ]);
  expect(noted.execution.undelivered?.[0]?.nextAttemptAt).toMatch(/^\d{4}-.*Z$/);
  const { execution } = await app.until(executionId, (view) => view.execution.undelivered?.length === 0);
  expect(execution.status).toBe("running");
  const { received } = receiver;
  expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(received.map(({ headers }) => headers["webhook-attempt"])).toEqual(["1", "2", "3"]);
  const gaps = received.slice(1).map(({ atMs }, at) => atMs - (received[at]?.atMs ?? 0));
  expect(gaps).toEqual([1, 2].map((attempts) => delayOf({ messageId: idOf(received[0]), attempts })));
});

test("that nobody takes hold nothing up, are given up, and stay in the record", async () => {
  app = await VirtualApp.open();
  const durationOf = async (notifications: PlanInput["notifications"]) => {
    await app.changePlan((plan) => ({
      ...plan,
      notifications: notifications?.map((one) => ({ ...one, on: ["started", "ended"] as ExecutionEventKind[] })),
    }));
    const { execution } = await app.attempt("test-failover");
    await app.attempt("test-clean-up");
    if (!("endedAt" in execution)) throw new Error("it has not ended");
    return { execution, tookMs: Date.parse(execution.endedAt) - Date.parse(execution.requestedAt) };
  };
  const receiver = await listen(() => 503);
  await app.loadShop();
  const undisturbed = await durationOf(undefined);
  const { execution, tookMs } = await durationOf([{ url: receiver.url }]);
  expect(execution.status).toBe("succeeded");
  expect(tookMs).toBe(undisturbed.tookMs);
  await app.pass(2 * 24 * 60 * 60_000);
  const { value } = (await app.context.store.getExecution(execution.executionId)) ?? {};
  expect(value?.undelivered?.map(({ event, attempts, nextAttemptAt }) => [event, attempts, nextAttemptAt])).toEqual([
    ["started", RETRY_POLICIES.outbox.maxAttempts, null],
    ["ended", RETRY_POLICIES.outbox.maxAttempts, null],
  ]);
  expect(value?.status).toBe("succeeded");
});

test("an address that does not answer in time is left alone until its next attempt is due", async () => {
  app = await VirtualApp.open();
  const now = () => app.clock.now();
  const silent = await listen((call) => (call === 1 ? null : 200), now);
  const lively = await listen(() => 200, now);
  const on: ExecutionEventKind[] = ["started", "awaiting-input"];
  const look = {
    id: "look",
    name: "Look",
    kind: "manual" as const,
    instructions: "Look.",
    failoverTypes: ["planned" as const],
  };
  await app.loadShop((plan) => ({
    ...plan,
    shutdown: { before: [look] },
    notifications: [
      { url: silent.url, on },
      { url: lively.url, on },
    ],
  }));
  await app.until(await app.start("planned-failover"), () => silent.received.length === 3);
  expect(eventsOf(lively)).toEqual(["started", "awaiting-input"]);
  const [first, ...later] = silent.received;
  expect(lively.received.map(({ atMs }) => atMs)).toEqual([first?.atMs, first?.atMs]);
  expect(later.map(({ body, headers }) => `${body["event"]} ${headers["webhook-attempt"]}`).sort()).toEqual([
    "awaiting-input 1",
    "started 2",
  ]);
  const delayMs = delayOf({ messageId: idOf(first), attempts: 1 });
  for (const { atMs } of later) expect(atMs - (first?.atMs ?? 0)).toBe(delayMs);
});

test("that cannot even be written down make no recovery fail", async () => {
  const away = () => Promise.reject(new Error("the outbox is away"));
  app = await VirtualApp.open({
    activities: (ports, { name }) =>
      name === publishEvent.name ? { ...ports, store: { ...ports.store, addMessages: away } } : ports,
  });
  const receiver = await listen();
  await app.loadShop((plan): PlanInput => ({ ...plan, notifications: [{ url: receiver.url }] }));
  const { execution } = await app.attempt("planned-failover");
  expect([execution.status, receiver.received]).toEqual(["succeeded", []]);
});

test("say which machines run at both sites after the end", async () => {
  const receiver = await listen();
  await open([]);
  const target = { format: "cloudevents" as const, url: receiver.url };
  const wanted = SubscriptionInput.parse({ target, kinds: ["ended", "split-brain-risk"] });
  await saveSubscription(app.context, "desk", wanted, "admin");
  await app.attempt("unplanned-failover", { sourceShutdown: "skip" });
  expect(eventsOf(receiver)).toEqual(["ended", "split-brain-risk"]);
  const items = (await app.items()).map(({ itemId }) => itemId);
  const told = { severity: "critical", count: items.length, items: expect.arrayContaining(items) };
  expect(receiver.received.at(-1)?.body).toMatchObject(told);
});

test("an address that is not allowed leaves a trace and holds nothing up", async () => {
  await open(["http://user:secret@127.0.0.1:9/"], ["started"]);
  const { execution } = await app.attempt("test-failover");
  expect(execution.status).toBe("succeeded");
  expect(execution.undelivered?.[0]?.why).toContain("carries a user name or password");
});
