import { afterEach, beforeEach, expect, test } from "vitest";
import type { Context } from "../../../src/commands/context.js";
import {
  resendDeadLetter,
  resendDeadLetters,
  sweepDeadLetters,
} from "../../../src/commands/notifications/dead-letters.js";
import { RecoveryError } from "../../../src/domain/errors.js";
import { Execution, ExecutionOptions } from "../../../src/domain/execution.js";
import { ENDPOINT_DIGITS } from "../../../src/domain/notifications/outbox.js";
import type { SubscriptionInput } from "../../../src/domain/notifications/subscription.js";
import { RETRY_POLICIES } from "../../../src/domain/retry-policies.js";
import { LEASE_MS } from "../../../src/notifications/attempt.js";
import { deliverDue } from "../../../src/notifications/deliver-due.js";
import { publish } from "../../../src/notifications/publish.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { EXECUTION_ID, notificationEvent, outboxMessage, subscription } from "../../support/notification-event.js";
import { Receiver } from "../../support/receiver.js";
import { servicesOver } from "../../support/small-services.js";
import { ManualClock } from "../../support/worlds.js";

const KEY = (letter: string) => `whsec_${Buffer.from(letter.repeat(32)).toString("base64")}`;
const DAY_SECONDS = 86_400;

let clock: ManualClock;
let context: Context;
let secrets: Map<string, string>;
const receivers: Receiver[] = [];

beforeEach(() => {
  clock = new ManualClock();
  secrets = new Map();
  context = { ...servicesOver(createMemoryTables(), clock), secrets: { get: (name) => secrets.get(name) } };
});
afterEach(() => {
  for (const receiver of receivers.splice(0)) receiver.close();
});

async function listen(answer?: Parameters<typeof Receiver.listen>[0]): Promise<Receiver> {
  const receiver = await Receiver.listen(answer, () => clock.now());
  receivers.push(receiver);
  return receiver;
}

const subscribe = (id: string, target: SubscriptionInput["target"], change: Partial<SubscriptionInput> = {}) =>
  context.store.putSubscription(subscription(id, target, change));
const toUrl = (url: string, secretNames: string[] = []) =>
  ({ format: "cloudevents", url, secrets: secretNames }) as const;

/** Lets time pass, and the timer tick as often as it does. */
async function pass(seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 10) {
    clock.pass(10);
    expect(await deliverDue(context, new Set())).toEqual([]);
  }
}
const idsOf = ({ received }: Receiver) => received.map(({ headers }) => headers["webhook-id"]);

test("each subscription that wants an event gets it, under the same id however often it is published", async () => {
  const [all, some, none, paused] = [await listen(), await listen(), await listen(), await listen()];
  await subscribe("all", toUrl(all.url));
  await subscribe("some", toUrl(some.url), { kinds: ["ended", "awaiting-input"], planIds: ["shop"] });
  await subscribe("none", toUrl(none.url), { kinds: ["ended"] });
  await subscribe("elsewhere", toUrl(none.url), { planIds: ["bank"] });
  await subscribe("other-world", toUrl(none.url), { worldIds: ["moon"] });
  await subscribe("paused", toUrl(paused.url), { paused: true });
  await publish(context, notificationEvent());
  await publish(context, notificationEvent());
  await publish(context, notificationEvent({ eventId: "drill/1", kind: "drill-due", planId: "bank", worldId: null }));
  expect(all.received.map(({ body }) => body["event"])).toEqual(["awaiting-input", "awaiting-input", "drill-due"]);
  expect(new Set(idsOf(all)).size).toBe(2);
  expect(new Set(idsOf(some)).size).toBe(1);
  expect(none.received.map(({ body }) => body["event"])).toEqual(["drill-due"]);
  expect(paused.received).toEqual([]);
});

test("a plan that cannot be read keeps nothing from its subscribers", async () => {
  const receiver = await listen();
  await subscribe("desk", toUrl(receiver.url));
  const spoilt = {
    ...context.store,
    getPlanVersion: () => Promise.reject(new RecoveryError("row-unreadable", "spoilt")),
  };
  const ofPlan = { id: "bank", version: 1 };
  await publish({ ...context, store: spoilt }, notificationEvent(), ofPlan);
  expect(receiver.received).toHaveLength(1);
});

test("a wait for an approval is told as that to whoever asked for it, and once to each", async () => {
  const [approvals, waits, both] = [await listen(), await listen(), await listen()];
  await subscribe("approvals", toUrl(approvals.url), { kinds: ["approval-asked"] });
  await subscribe("waits", toUrl(waits.url), { kinds: ["awaiting-input"] });
  await subscribe("both", toUrl(both.url));
  await publish(context, notificationEvent({ data: { awaits: { kind: "approval" } } }));
  await publish(context, notificationEvent({ eventId: "other" }));
  const told = [approvals, waits, both].map(({ received }) => received.map(({ body }) => body["event"]));
  expect(told).toEqual([
    ["approval-asked"],
    ["awaiting-input", "awaiting-input"],
    ["approval-asked", "awaiting-input"],
  ]);
});

test("what a process left when it died is delivered after its lease, and by one process only", async () => {
  const receiver = await listen();
  await subscribe("desk", toUrl(receiver.url));
  const dying = { ...context.store, removeMessage: () => Promise.reject(new Error("power cut")) };
  await publish({ ...context, store: dying }, notificationEvent());
  await pass(LEASE_MS / 1_000 - 10);
  expect(receiver.received).toHaveLength(1);
  clock.pass(20);
  await Promise.all([deliverDue(context, new Set()), deliverDue({ ...context }, new Set())]);
  expect(receiver.received).toHaveLength(2);
  expect(new Set(idsOf(receiver)).size).toBe(1);
  await pass(DAY_SECONDS / 24);
  expect(receiver.received).toHaveLength(2);
});

test("a message waits longer after each attempt, is given up, listed as a dead letter and sent again under its id", async () => {
  let isUp = false;
  const receiver = await listen(() => (isUp ? 200 : 503));
  await subscribe("desk", toUrl(receiver.url));
  await publish(context, notificationEvent());
  await pass(1.5 * DAY_SECONDS);
  expect(receiver.received).toHaveLength(RETRY_POLICIES.outbox.maxAttempts);
  const gaps = receiver.received.slice(1).map(({ atMs }, at) => atMs - (receiver.received[at]?.atMs ?? 0));
  for (const [at, gap] of gaps.slice(1).entries()) expect(gap).toBeGreaterThanOrEqual((gaps[at] ?? 0) * 0.8);
  const { entries } = await context.store.listDeadLetters({ limit: 10 });
  expect(entries).toMatchObject([
    { to: { subscriptionId: "desk" }, why: expect.stringContaining("answered 503"), event: { kind: "awaiting-input" } },
  ]);
  isUp = true;
  const [letter] = entries;
  const { messageId } = await resendDeadLetter(context, letter?.id ?? "");
  expect(receiver.received.at(-1)?.headers).toMatchObject({ "webhook-id": messageId, "webhook-attempt": "1" });
  expect((await context.store.listDeadLetters({ limit: 10 })).entries).toEqual([]);
  await expect(resendDeadLetter(context, letter?.id ?? "")).rejects.toMatchObject({ code: "dead-letter-not-found" });
});

test("dead letters of one subscription are sent again together, and old ones are forgotten", async () => {
  const receiver = await listen(() => 410);
  for (const id of ["desk", "chat"]) await subscribe(id, toUrl(`${receiver.url}/${id}`));
  for (const eventId of ["1", "2"]) await publish(context, notificationEvent({ eventId }));
  expect((await context.store.listDeadLetters({ limit: 10 })).entries).toHaveLength(4);
  expect(receiver.received).toHaveLength(4);
  expect(await resendDeadLetters(context, "desk")).toEqual({ resent: 2 });
  expect(receiver.received).toHaveLength(6);
  expect(await resendDeadLetters(context)).toEqual({ resent: 4 });
  expect((await context.store.listDeadLetters({ limit: 10 })).entries).toHaveLength(4);
  clock.pass(31 * DAY_SECONDS);
  await sweepDeadLetters(context);
  expect((await context.store.listDeadLetters({ limit: 10 })).entries).toEqual([]);
});

test("a key is replaced without a lost message: both sign, and what waits uses the secrets of now", async () => {
  secrets.set("OLD", KEY("a")).set("NEW", KEY("b"));
  const receiver = await listen((call) => (call === 1 ? 500 : 200));
  await subscribe("desk", toUrl(receiver.url, ["OLD"]));
  await publish(context, notificationEvent());
  await subscribe("desk", toUrl(receiver.url, ["OLD", "NEW"]));
  await pass(60);
  await subscribe("desk", toUrl(receiver.url, ["NEW"]));
  await publish(context, notificationEvent({ eventId: "later" }));
  const signatures = receiver.received.map(({ headers }) => String(headers["webhook-signature"]).split(" ").length);
  expect(signatures).toEqual([1, 2, 1]);
});

test("a secret without a value is a failed attempt, and counts when it is there", async () => {
  const receiver = await listen();
  await subscribe("desk", toUrl(receiver.url, ["LATE"]));
  await publish(context, notificationEvent());
  expect(receiver.received).toEqual([]);
  secrets.set("LATE", KEY("a"));
  await pass(30);
  expect(receiver.received).toHaveLength(1);
});

test("a dead address delays no other one, and gets one request at a time", async () => {
  let underWay = 0;
  let most = 0;
  const dead = await listen(async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    return 500;
  });
  const lively = await listen();
  await subscribe("dead", toUrl(dead.url));
  await subscribe("lively", toUrl(lively.url));
  await publish(context, notificationEvent({ eventId: "first" }));
  most = 0;
  const later = Array.from({ length: 20 }, (_, at) => notificationEvent({ eventId: `later-${at}` }));
  await Promise.all(later.map((event) => publish(context, event)));
  expect(lively.received).toHaveLength(21);
  expect(most).toBe(1);
  expect(dead.received).toHaveLength(21);
});

test("an attempt leaves its trace in the execution: why, and when the next one is due", async () => {
  const receiver = await listen((call) => (call === 1 ? 500 : 200));
  await context.store.createExecution(
    Execution.parse({
      ...{
        executionId: EXECUTION_ID,
        idempotencyKey: "key",
        worldId: "small",
        verb: "planned-failover",
        status: "running",
      },
      ...{ subject: { kind: "item", itemId: "web-1" }, direction: "primary-to-recovery", planHash: "hash" },
      ...{
        itemIds: ["web-1"],
        options: ExecutionOptions.parse({}),
        requestedBy: "ann",
        requestedAt: "2026-03-02T09:00:00.000Z",
      },
    }),
  );
  const undelivered = async () => (await context.store.getExecution(EXECUTION_ID))?.value.undelivered;
  await subscribe("desk", toUrl(receiver.url));
  await publish(context, notificationEvent());
  expect(await undelivered()).toMatchObject([{ attempts: 1, event: "awaiting-input", url: receiver.url }]);
  await pass(20);
  expect(await undelivered()).toEqual([]);
  let status = 410;
  const moved = await listen(() => status);
  await subscribe("desk", toUrl(moved.url));
  await publish(context, notificationEvent({ eventId: "dead" }));
  expect(await undelivered()).toMatchObject([{ attempts: 1, nextAttemptAt: null, url: moved.url }]);
  status = 200;
  await resendDeadLetters(context);
  expect(await undelivered()).toEqual([]);
  const down = await listen(() => 500);
  await subscribe("desk", toUrl(down.url));
  await publish(context, notificationEvent({ eventId: "other" }));
  await context.store.removeSubscription("desk");
  await pass(20);
  expect(await undelivered()).toMatchObject([{ nextAttemptAt: null }]);
  expect(down.received).toHaveLength(1);
});

test("a store that fails fails the publication, and its repetition adds only what is missing", async () => {
  const receiver = await listen();
  await subscribe("desk", toUrl(receiver.url));
  const broken = { ...context.store, addMessages: () => Promise.reject(new Error("the storage is away")) };
  await expect(publish({ ...context, store: broken }, notificationEvent())).rejects.toThrow("the storage is away");
  await publish(context, notificationEvent());
  expect(receiver.received).toHaveLength(1);
});

test("an address that was silent for an old message is tried again after a minute", async () => {
  const receiver = await listen((call) => (call === 1 ? null : 200));
  await subscribe("desk", toUrl(receiver.url));
  const to = { kind: "subscription", subscriptionId: "desk" } as const;
  const endpoint = context.hash(receiver.url).slice(0, ENDPOINT_DIGITS);
  const old = outboxMessage("a", { to, endpoint, place: receiver.url, attempts: 8 });
  await context.store.addMessages([old], old.nextAt);
  await deliverDue(context, new Set());
  await publish(context, notificationEvent({ eventId: "meanwhile" }));
  expect(receiver.received).toHaveLength(1);
  await pass(70);
  expect(receiver.received).toHaveLength(3); // the one that waited for a minute, and the old one, because all is well
  await publish(context, notificationEvent({ eventId: "later" }));
  expect(receiver.received).toHaveLength(4);
});

test("when an address is well again, what waits for it does not wait for its time", async () => {
  let isUp = false;
  const receiver = await listen(() => (isUp ? 200 : 503));
  await subscribe("desk", toUrl(receiver.url));
  for (const eventId of ["1", "2", "3"]) await publish(context, notificationEvent({ eventId }));
  await pass(3 * 3_600);
  isUp = true;
  const before = receiver.received.length;
  await publish(context, notificationEvent({ eventId: "4" }));
  await pass(10);
  expect(new Set(idsOf(receiver).slice(before)).size).toBe(4);
});
