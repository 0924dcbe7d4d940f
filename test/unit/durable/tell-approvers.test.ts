import { afterEach, beforeEach, expect, test } from "vitest";
import type { ActivityCall, ActivityEnd } from "../../../host/durable/engine/index.js";
import { askForApproval } from "../../../src/activities/ask-for-approval.js";
import type { ApprovalAsk } from "../../../src/domain/approvals/ask.js";
import type { ApprovalClosing, ReplyAddress } from "../../../src/domain/approvals/ask-message.js";
import { AskTarget } from "../../../src/domain/approvals/ask-target.js";
import { Execution, ExecutionOptions } from "../../../src/domain/execution.js";
import { askDelayAfter } from "../../../src/domain/retry-policies.js";
import type { Ports } from "../../../src/ports.js";
import { createStore } from "../../../src/store/store.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { APPROVAL_ID, approvalAsk } from "../../support/approval-ask.js";
import { Engine } from "../../support/durable-engine.js";
import { Receiver } from "../../support/receiver.js";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const { executionId, requestedAt } = approvalAsk();
const NEWS = { kind: "approval", approvalId: APPROVAL_ID };
const APPROVED: ApprovalClosing = { end: "approved", people: ["bob", "carol"], reason: "" };

interface Given {
  targets: AskTarget[];
  ask?: ApprovalAsk;
  escalatesAfterMs?: number;
  waitMs?: number;
  closing?: ApprovalClosing;
  replies?: ReplyAddress[];
}

let engine: Engine;
let ports: Ports;
let secrets: Map<string, string>;
const receivers: Receiver[] = [];
/** Instead of the activity itself. */
let onAsk: (() => Promise<void>) | undefined;
let onHeard: () => void;

beforeEach(async () => {
  onAsk = undefined;
  onHeard = () => undefined;
  secrets = new Map();
  engine = await Engine.open(act);
  const store = createStore(createMemoryTables());
  const settings = { speed: 1, stepLimitMs: 1, allowPrivateWebhooks: true, publicBaseUrl: null };
  const needed: Partial<Ports> = {
    store,
    clock: engine.clock,
    settings,
    secrets: { get: (name) => secrets.get(name) },
  };
  ports = needed as Ports;
  await store.createExecution(
    Execution.parse({
      ...{ executionId, idempotencyKey: "key", worldId: "small", verb: "planned-failover", status: "running" },
      ...{ subject: { kind: "item", itemId: "web-1" }, direction: "primary-to-recovery", planHash: "hash" },
      ...{ itemIds: ["web-1"], options: ExecutionOptions.parse({}), requestedBy: "ann", requestedAt },
    }),
  );
});
afterEach(async () => {
  await engine.close();
  for (const receiver of receivers.splice(0)) receiver.close();
});

async function act({ name, input }: ActivityCall): Promise<ActivityEnd> {
  if (name === "heard") {
    onHeard();
    return { ok: true, result: "{}" };
  }
  try {
    await onAsk?.();
    return { ok: true, result: JSON.stringify(await askForApproval.handle(ports, JSON.parse(input ?? "null"))) };
  } catch (thrown) {
    return { ok: false, reason: `${thrown}`, details: "{}", failureDetails: null };
  }
}

async function listen(answer?: (call: number) => number | null): Promise<Receiver> {
  const receiver = await Receiver.listen(answer, () => engine.clock.now());
  receivers.push(receiver);
  return receiver;
}

const standard = (...to: Receiver[]) => to.map(({ url }) => AskTarget.parse({ format: "standard", url }));

async function tell(given: Given): Promise<{ timersOfWait: number }> {
  const plan = { executionId, groups: [], notifications: [] };
  await engine.start("approvers", { plan, ask: approvalAsk(), waitMs: 10 * DAY_MS, replies: [], ...given });
  return (await engine.output()) as { timersOfWait: number };
}

const typesOf = ({ received }: Receiver) => received.map(({ text }) => JSON.parse(text).type);
const undelivered = async () => (await ports.store.getExecution(executionId))?.value.undelivered ?? [];

test("an ask that nobody takes is sent ten times under one id, on the schedule of Standard Webhooks, and is noted", async () => {
  const receiver = await listen(() => 503);
  const { timersOfWait } = await tell({ targets: standard(receiver) });
  expect(receiver.received.map(({ headers }) => headers["webhook-attempt"])).toEqual(
    Array.from({ length: 10 }, (_, at) => `${at + 1}`),
  );
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(new Set(receiver.received.map(({ text }) => text)).size).toBe(1);
  const atMs = receiver.received.map((one) => one.atMs);
  const gaps = atMs.slice(1).map((ms, at) => ms - (atMs[at] ?? 0));
  expect(gaps).toEqual(gaps.map((_, at) => askDelayAfter(at + 1)));
  expect(timersOfWait).toBe(2 * 10 + 1); // beside each call, until the next, and the last seven days in two pieces
  const [noted, ...others] = await undelivered();
  expect(others).toEqual([]);
  expect(noted).toMatchObject({ event: "approval-requested", url: receiver.url, attempts: 10, nextAttemptAt: null });
  expect(noted?.why).toContain("503");
});

test("an ask is sent until it is taken, and what was noted is forgotten", async () => {
  const receiver = await listen((call) => (call < 3 ? 500 : 204));
  await tell({ targets: standard(receiver) });
  expect(receiver.received).toHaveLength(3);
  expect(await undelivered()).toEqual([]);
});

test("a receiver that answers 410 is told nothing more, not even the end", async () => {
  const [gone, other] = [await listen(() => 410), await listen()];
  await tell({ targets: standard(gone, other), closing: APPROVED });
  expect(gone.received).toHaveLength(1);
  expect(typesOf(other)).toEqual(["secondsite.approval.requested", "secondsite.approval.closed"]);
  expect(await undelivered()).toMatchObject([{ url: gone.url, nextAttemptAt: null }]);
});

test("nobody is asked any more once the approval has ended, and whoever was asked learns the end", async () => {
  const receiver = await listen((call) => (call < 4 ? 500 : 200));
  engine.raise(10 * MINUTE_MS, "decision", NEWS);
  await tell({ targets: standard(receiver), closing: APPROVED });
  expect(typesOf(receiver)).toEqual([
    ...Array.from({ length: 3 }, () => "secondsite.approval.requested"),
    "secondsite.approval.closed",
  ]);
  expect(receiver.received.at(-1)?.body).toMatchObject({ approvalId: APPROVAL_ID, closing: APPROVED });
  expect(await undelivered()).toMatchObject([{ event: "approval-requested", attempts: 3, nextAttemptAt: null }]);
});

test("nobody is asked after the approval has expired", async () => {
  const receiver = await listen(() => 500);
  const expiresAt = new Date(Date.parse(requestedAt) + 20 * MINUTE_MS).toISOString();
  await tell({ targets: standard(receiver), ask: approvalAsk({ expiresAt }) });
  expect(receiver.received).toHaveLength(3);
  expect(await undelivered()).toMatchObject([{ attempts: 3, nextAttemptAt: null }]);
});

test("an escalation takes the place of an ask that was not taken", async () => {
  const receiver = await listen((call) => (call === 1 ? 500 : 200));
  await tell({ targets: standard(receiver), escalatesAfterMs: 3_000 });
  expect(typesOf(receiver)).toEqual(["secondsite.approval.requested", "secondsite.approval.escalated"]);
});

test("a decision is heard while a receiver still holds its call", async () => {
  const receiver = await listen();
  const heard = new Promise<void>((resolve) => {
    onHeard = resolve;
  });
  onAsk = async () => {
    onAsk = undefined;
    await engine.raiseNow("decision", NEWS);
    await heard;
  };
  await tell({ targets: standard(receiver), closing: APPROVED });
  expect(typesOf(receiver)).toEqual(["secondsite.approval.requested", "secondsite.approval.closed"]);
});

test("a call whose process dies is made again under the same id", async () => {
  const receiver = await listen();
  let calls = 0;
  onAsk = async () => {
    calls += 1;
    if (calls === 1) throw new Error("the process died");
  };
  await tell({ targets: standard(receiver) });
  expect(receiver.received.map(({ headers }) => headers["webhook-attempt"])).toEqual(["2"]);
});

test("a secret that is missing is waited for as an address that does not answer, and is named", async () => {
  const receiver = await listen();
  onAsk = async () => {
    if ((await undelivered()).length > 0) secrets.set("SLACK", receiver.url);
  };
  engine.raise(MINUTE_MS, "decision", NEWS);
  await tell({ targets: [AskTarget.parse({ format: "slack", urlSecret: "SLACK" })] });
  expect(receiver.received).toHaveLength(1);
  expect(await undelivered()).toEqual([]);
});

test("an answered Slack message shows the end in place of its buttons, and the channel gets no second one", async () => {
  const [channel, message] = [await listen(), await listen()];
  secrets.set("SLACK", channel.url);
  engine.raise(MINUTE_MS, "decision", NEWS);
  await tell({
    targets: [AskTarget.parse({ format: "slack", urlSecret: "SLACK" })],
    closing: APPROVED,
    replies: [{ format: "slack", url: message.url }],
  });
  expect(channel.received).toHaveLength(1);
  expect(message.received.map(({ body }) => body["replace_original"])).toEqual([true]);
});
