import { describe, expect, test } from "vitest";
import type { Context } from "../../../src/commands/context.js";
import type { DecideApproval } from "../../../src/commands/webhooks/decide.js";
import { receiveWebhook } from "../../../src/commands/webhooks/receive.js";
import { saveSource } from "../../../src/commands/webhooks/sources.js";
import { sweepWebhooks } from "../../../src/commands/webhooks/sweep.js";
import { RecoveryError } from "../../../src/domain/errors.js";
import { toInstant } from "../../../src/domain/text.js";
import { WebhookSourceInput } from "../../../src/domain/webhooks/source.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import type { Tables } from "../../../src/store/tables/port.js";
import { atEachCrashPoint } from "../../support/dying-tables.js";
import { recordingPartitions, rowsIn, servicesOver } from "../../support/small-services.js";
import { FAMILIES, type Family, type Said, SENDERS, type Sent, signStandard } from "../../support/webhook-senders.js";
import { ManualClock } from "../../support/worlds.js";

const APPROVAL = "0b6c7f1e-9a43-8d0c-b1f2-3a4b5c6d7e8f";
const HASH = "0123456789abcdef".repeat(4);
const MINUTE = 60;
const DAY = 86_400;

const said = (family: Family, change: Partial<Said> = {}): Said => ({
  id: "msg_1",
  external: SENDERS[family].external,
  decision: "approve",
  approvalId: APPROVAL,
  hash: HASH,
  reason: "looks right",
  ...change,
});

const sourceOf = (family: Family) => {
  const { scheme, external } = SENDERS[family];
  const people = [{ external, person: "Ann", roles: ["approver"], planIds: ["crm"] }];
  return WebhookSourceInput.parse({ scheme, secrets: ["HOOK"], people });
};

const contextOver = (tables: Tables, clock: ManualClock, family: Family): Context => ({
  ...servicesOver(tables, clock),
  secrets: { get: (name) => (name === "HOOK" ? SENDERS[family].secret : undefined) },
});

type Made = Parameters<DecideApproval>[2];

/** Approvals that can be decided once by each person, as the rules of approvals have it. */
function approvals(refusal?: RecoveryError) {
  const made: (Made & { approvalId: string })[] = [];
  let calls = 0;
  const decide: DecideApproval = async (_, approvalId, decision) => {
    calls += 1;
    await Promise.resolve();
    if (refusal) throw refusal;
    const earlier = made.find((one) => one.person === decision.person && one.approvalId === approvalId);
    if (earlier === undefined) made.push({ ...decision, approvalId });
    else if (earlier.decision !== decision.decision) throw new RecoveryError("decided-already", "you decided before");
  };
  return { decide, made, calls: () => calls };
}

async function open(family: Family = "standard", refusal?: RecoveryError) {
  const clock = new ManualClock();
  const tables = recordingPartitions(createMemoryTables());
  const context = contextOver(tables, clock, family);
  await saveSource(context, "desk", sourceOf(family), "admin");
  const book = approvals(refusal);
  const send = ({ headers, body }: Sent, sourceId = "desk") =>
    receiveWebhook(context, book.decide, sourceId, { headers: { get: (name) => headers[name] ?? null }, body });
  const from = (change: Partial<Said> = {}) => SENDERS[family].send(said(family, change), clock.now());
  return { clock, tables, context, send, from, ...book };
}

const refusedWebhook = expect.objectContaining({ code: "webhook-refused" });
const withoutSecurityRecords = (rows: string[]): string[] => rows.filter((row) => !row.startsWith("SecurityRecords "));

describe.each(FAMILIES)("a decision by %s", (family) => {
  test("is recorded, takes effect for the registered person, and is answered as the sender needs it", async () => {
    const { send, from, made, context } = await open(family);
    const received = await send(from({ decision: "decline" }));
    expect(received).toMatchObject({ outcome: "recorded", detail: `Ann declined ${APPROVAL}`, approvalId: APPROVAL });
    expect(received.answer).toBe({ slack: "ok", teams: "message" }[family as string] ?? "accepted");
    expect(made).toMatchObject([
      {
        approvalId: APPROVAL,
        person: "Ann",
        grants: [{ role: "approver", planIds: ["crm"] }],
        via: "webhook:desk",
        decision: "decline",
        reason: "looks right",
      },
    ]);
    expect(await context.store.listOpenReceipts(10)).toEqual([]);
  });

  test("that comes again is answered as the first time, and has no second effect", async () => {
    const { send, from, calls, clock, tables } = await open(family);
    const sent = from();
    const first = await send(sent);
    const rows = await rowsIn(tables);
    clock.pass(4 * MINUTE);
    expect(await send(sent)).toEqual(first);
    expect(calls()).toBe(1);
    expect(await rowsIn(tables)).toEqual(rows);
  });

  test("that comes fifty times at once is one decision with one answer", async () => {
    const { send, from, made } = await open(family);
    const sent = from();
    const all = await Promise.all(Array.from({ length: 50 }, () => send(sent)));
    expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(made).toHaveLength(1);
  });

  test("that is too late is answered with success and a recorded refusal", async () => {
    const { send, from, context } = await open(family, new RecoveryError("approval-void", "the plan was changed"));
    const sent = from();
    const received = await send(sent);
    expect(received).toMatchObject({ outcome: "refused", code: "approval-void", detail: "the plan was changed" });
    expect(await send(sent)).toEqual(received);
    expect(await context.store.listOpenReceipts(10)).toEqual([]);
  });

  test("of somebody whom the source does not speak for is refused", async () => {
    const { send, from, made } = await open(family);
    const external = family === "github" ? "9" : "somebody-else";
    expect(await send(from({ external }))).toMatchObject({ outcome: "refused", code: "not-an-approver" });
    expect(made).toEqual([]);
  });

  test("with a wrong signature changes nothing but the security record", async () => {
    const { send, from, tables, calls, context } = await open(family);
    const rows = await rowsIn(tables);
    const sent = from();
    const body = Buffer.from(sent.body);
    body[3] = (body[3] ?? 0) ^ 1;
    await expect(send({ ...sent, body })).rejects.toEqual(refusedWebhook);
    expect(withoutSecurityRecords(await rowsIn(tables))).toEqual(rows);
    expect(calls()).toBe(0);
    const { entries } = await context.store.listSecurityRecords({ limit: 10 });
    expect(entries).toMatchObject([{ sourceId: "desk", count: 1, lastReason: "wrong-signature" }]);
  });
});

test("an unknown source, a name that is no id, and a wrong signature get one and the same answer", async () => {
  const { send, from, context } = await open();
  const answers = await Promise.all(
    ["nobody", "../desk", "x".repeat(100), ""].map((id) => send(from(), id).catch((thrown: unknown) => String(thrown))),
  );
  const wrong = await send({ ...from(), body: Buffer.from("{}") }).catch((thrown: unknown) => String(thrown));
  expect(new Set([...answers, wrong]).size).toBe(1);
  const { entries } = await context.store.listSecurityRecords({ limit: 10 });
  expect(entries.map(({ sourceId, count }) => [sourceId, count])).toEqual([
    ["desk", 1],
    [null, 4],
  ]);
});

test("a message that carries no decision leaves nothing behind", async () => {
  const { send, clock, tables } = await open();
  const rows = await rowsIn(tables);
  const ping = signStandard("msg_1", String(Math.floor(clock.now() / 1_000)), Buffer.from('{"type":"ping"}'));
  expect(await send(ping)).toMatchObject({ outcome: "ignored", answer: "accepted" });
  expect(await rowsIn(tables)).toEqual(rows);
});

test("another message under the id of the first is refused, and the first one stands", async () => {
  const { send, from, made } = await open();
  await send(from());
  expect(await send(from({ decision: "decline" }))).toMatchObject({ outcome: "refused", code: "message-id-reused" });
  expect(made.map(({ decision }) => decision)).toEqual(["approve"]);
});

test("an attempt of Standard Webhooks with the same id at a later time is the same message", async () => {
  const { send, from, calls, clock } = await open();
  const first = await send(from());
  clock.pass(5 * 3_600);
  expect(await send(from())).toEqual(first);
  expect(calls()).toBe(1);
});

test("a source that was registered again still knows the messages that it sent before", async () => {
  const { send, from, calls, context } = await open();
  const first = await send(from());
  await context.store.removeWebhookSource("desk");
  await expect(send(from())).rejects.toEqual(refusedWebhook);
  await saveSource(context, "desk", sourceOf("standard"), "admin");
  expect(await send(from())).toEqual(first);
  expect(calls()).toBe(1);
});

test("a fault is no result: the sender's repetition completes the message", async () => {
  const { send, from, context, made, decide } = await open();
  let isFaulty = true;
  const flaky: DecideApproval = async (...args) => {
    if (isFaulty) throw new Error("the storage does not answer");
    return decide(...args);
  };
  const { headers, body } = from();
  const receive = () =>
    receiveWebhook(context, flaky, "desk", { headers: { get: (name) => headers[name] ?? null }, body });
  await expect(receive()).rejects.toThrow("does not answer");
  await expect(send({ headers, body }, "nobody")).rejects.toEqual(refusedWebhook);
  expect(await context.store.listOpenReceipts(10)).toHaveLength(1);
  isFaulty = false;
  expect(await receive()).toMatchObject({ outcome: "recorded" });
  expect(made).toHaveLength(1);
});

test("a check that throws lets no effect through", async () => {
  const { from, context, made, decide } = await open();
  const { headers, body } = from();
  const failing: Context = {
    ...context,
    secrets: {
      get: () => {
        throw new Error("the vault does not answer");
      },
    },
  };
  const receive = receiveWebhook(failing, decide, "desk", { headers: { get: (name) => headers[name] ?? null }, body });
  await expect(receive).rejects.toThrow("the vault");
  expect(made).toEqual([]);
});

test("a message whose request died after any of its writes takes effect once, by repetition or by the sweep", async () => {
  for (const isRepeated of [true, false]) {
    let book = approvals();
    const clock = new ManualClock();
    const sent = SENDERS.standard.send(said("standard"), clock.now());
    const request = { headers: { get: (name: string) => sent.headers[name] ?? null }, body: sent.body };
    const writes = await atEachCrashPoint(
      async (tables) => {
        book = approvals();
        await saveSource(contextOver(tables, clock, "standard"), "desk", sourceOf("standard"), "admin");
      },
      (tables) => receiveWebhook(contextOver(tables, clock, "standard"), book.decide, "desk", request),
      async (tables, died) => {
        const context = contextOver(tables, clock, "standard");
        const wasRecorded = (await context.store.listOpenReceipts(10)).length > 0;
        const later = new ManualClock(toInstant(clock.now() + 60_000));
        if (isRepeated) await receiveWebhook(context, book.decide, "desk", request);
        else await sweepWebhooks({ ...context, clock: later }, book.decide);
        expect(book.made).toHaveLength(isRepeated || wasRecorded || !died ? 1 : 0);
        expect(await context.store.listOpenReceipts(10)).toEqual([]);
      },
    );
    expect(writes).toBe(2);
  }
});

test("the sweep speaks only for people who are registered when it does", async () => {
  const { from, context, clock, decide, made } = await open();
  const { headers, body } = from();
  const dying: DecideApproval = async () => {
    throw new Error("the process died");
  };
  const request = { headers: { get: (name: string) => headers[name] ?? null }, body };
  await expect(receiveWebhook(context, dying, "desk", request)).rejects.toThrow("died");
  await context.store.removeWebhookSource("desk");
  clock.pass(MINUTE);
  expect(await sweepWebhooks(context, decide)).toEqual([]);
  expect(made).toEqual([]);
  expect(await context.store.listOpenReceipts(10)).toEqual([]);
});

test("the sweep leaves a message alone whose request may still be at work, and tries a faulty one less and less often", async () => {
  const { from, context, clock } = await open();
  const { headers, body } = from();
  let calls = 0;
  const faulty: DecideApproval = async () => {
    calls += 1;
    throw new Error("unreadable");
  };
  const request = { headers: { get: (name: string) => headers[name] ?? null }, body };
  await expect(receiveWebhook(context, faulty, "desk", request)).rejects.toThrow("unreadable");
  expect(await sweepWebhooks(context, faulty)).toEqual([]);
  expect(calls).toBe(1);
  for (let minute = 1; minute <= 256; minute += 1) {
    clock.pass(MINUTE);
    await sweepWebhooks(context, faulty);
  }
  expect(calls).toBe(1 + 10);
});

test("a message is known for longer than an approval lives, and then forgotten", async () => {
  const { send, from, context, clock, decide, tables } = await open("github");
  await send(from());
  await send({ ...from(), body: Buffer.from("{}") }).catch(() => undefined);
  const receipts = async () => (await rowsIn(tables)).filter((row) => row.startsWith("WebhookReceipts ")).length;
  clock.pass(30 * DAY);
  await sweepWebhooks(context, decide);
  expect(await receipts()).toBe(2);
  clock.pass(2 * DAY);
  await sweepWebhooks(context, decide);
  expect(await receipts()).toBe(0);
  expect((await context.store.listSecurityRecords({ limit: 10 })).entries).toHaveLength(1);
  clock.pass(60 * DAY);
  await sweepWebhooks(context, decide);
  expect((await context.store.listSecurityRecords({ limit: 10 })).entries).toEqual([]);
});

test("a source shows which of its secrets have no usable value, and never a value", async () => {
  const { context } = await open();
  const input = { ...sourceOf("standard"), secrets: ["HOOK", "OTHER"] };
  const { view } = await saveSource(context, "desk", input, "admin");
  expect(view).toMatchObject({ unusableSecrets: ["OTHER"], savedBy: "admin", savedAt: toInstant(context.clock.now()) });
  expect(JSON.stringify(view)).not.toContain(SENDERS.standard.secret.slice(6));
});
