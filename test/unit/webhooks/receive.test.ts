import { describe, expect, test } from "vitest";
import type { Context } from "../../../src/commands/context.js";
import type { DecideApproval } from "../../../src/commands/webhooks/decide.js";
import { receiveWebhook } from "../../../src/commands/webhooks/receive.js";
import { saveSource } from "../../../src/commands/webhooks/sources.js";
import { sweepWebhooks } from "../../../src/commands/webhooks/sweep.js";
import { RecoveryError } from "../../../src/domain/errors.js";
import { toInstant } from "../../../src/domain/text.js";
import { FAMILIES, SENDERS, signStandard } from "../../../verification/support/webhook-senders.js";
import { atEachCrashPoint } from "../../support/dying-tables.js";
import { rowsIn } from "../../support/small-services.js";
import { APPROVAL, approvals, contextOver, openDesk, said, sourceOf } from "../../support/webhook-desk.js";
import { ManualClock } from "../../support/worlds.js";

const MINUTE = 60;

const refusedWebhook = expect.objectContaining({ code: "webhook-refused" });
const withoutSecurityRecords = (rows: string[]): string[] => rows.filter((row) => !row.startsWith("SecurityRecords "));

describe.each(FAMILIES)("a decision by %s", (family) => {
  test("is recorded, takes effect for the registered person, and is answered as the sender needs it", async () => {
    const { send, from, made, context } = await openDesk(family);
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
    expect((await context.store.listOpenReceipts({ limit: 10 })).entries).toEqual([]);
  });

  test("that comes again is answered as the first time, and has no second effect", async () => {
    const { send, from, calls, clock, tables } = await openDesk(family);
    const sent = from();
    const first = await send(sent);
    const rows = await rowsIn(tables);
    clock.pass(4 * MINUTE);
    expect(await send(sent)).toEqual(first);
    expect(calls()).toBe(1);
    expect(await rowsIn(tables)).toEqual(rows);
  });

  test("that comes fifty times at once is one decision with one answer", async () => {
    const { send, from, made } = await openDesk(family);
    const sent = from();
    const all = await Promise.all(Array.from({ length: 50 }, () => send(sent)));
    expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(made).toHaveLength(1);
  });

  test("that is too late is answered with success and a recorded refusal", async () => {
    const { send, from, context } = await openDesk(family, new RecoveryError("approval-void", "the plan was changed"));
    const sent = from();
    const received = await send(sent);
    expect(received).toMatchObject({ outcome: "refused", code: "approval-void", detail: "the plan was changed" });
    expect(await send(sent)).toEqual(received);
    expect((await context.store.listOpenReceipts({ limit: 10 })).entries).toEqual([]);
  });

  test("of somebody whom the source does not speak for is refused", async () => {
    const { send, from, made } = await openDesk(family);
    const external = family === "github" ? "9" : "somebody-else";
    expect(await send(from({ external }))).toMatchObject({ outcome: "refused", code: "not-an-approver" });
    expect(made).toEqual([]);
  });

  test("with a wrong signature changes nothing but the security record", async () => {
    const { send, from, tables, calls, context } = await openDesk(family);
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
  const { send, from, context } = await openDesk();
  const answers = await Promise.all(
    ["nobody", "../desk", "x".repeat(100), ""].map((id) => send(from(), id).catch((thrown: unknown) => String(thrown))),
  );
  const wrong = await send({ ...from(), body: Buffer.from("{}") }).catch((thrown: unknown) => String(thrown));
  expect(new Set([...answers, wrong]).size).toBe(1);
  const { entries } = await context.store.listSecurityRecords({ limit: 10 });
  expect(entries.map((one) => one.kind === "webhook-refused" && [one.sourceId, one.count])).toEqual([
    ["desk", 1],
    [null, 4],
  ]);
});

test("a message that carries no decision leaves nothing behind", async () => {
  const { send, clock, tables } = await openDesk();
  const rows = await rowsIn(tables);
  const ping = signStandard("msg_1", String(Math.floor(clock.now() / 1_000)), Buffer.from('{"type":"ping"}'));
  expect(await send(ping)).toMatchObject({ outcome: "ignored", answer: "accepted" });
  expect(await rowsIn(tables)).toEqual(rows);
});

test("another message under the id of the first is refused, and the first one stands", async () => {
  const { send, from, made } = await openDesk();
  await send(from());
  expect(await send(from({ decision: "decline" }))).toMatchObject({ outcome: "refused", code: "message-id-reused" });
  expect(made.map(({ decision }) => decision)).toEqual(["approve"]);
});

test("an attempt of Standard Webhooks with the same id at a later time is the same message", async () => {
  const { send, from, calls, clock } = await openDesk();
  const first = await send(from());
  clock.pass(5 * 3_600);
  expect(await send(from())).toEqual(first);
  expect(calls()).toBe(1);
});

test("a source that was registered again still knows the messages that it sent before", async () => {
  const { send, from, calls, context } = await openDesk();
  const first = await send(from());
  await context.store.removeWebhookSource("desk");
  await expect(send(from())).rejects.toEqual(refusedWebhook);
  await saveSource(context, "desk", sourceOf("standard"), "admin");
  expect(await send(from())).toEqual(first);
  expect(calls()).toBe(1);
});

test("a fault is no result: the sender's repetition completes the message", async () => {
  const { send, from, context, made, decide } = await openDesk();
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
  expect((await context.store.listOpenReceipts({ limit: 10 })).entries).toHaveLength(1);
  isFaulty = false;
  expect(await receive()).toMatchObject({ outcome: "recorded" });
  expect(made).toHaveLength(1);
});

test("a check that throws lets no effect through", async () => {
  const { from, context, made, decide } = await openDesk();
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
        const wasRecorded = (await context.store.listOpenReceipts({ limit: 10 })).entries.length > 0;
        const later = new ManualClock(toInstant(clock.now() + 60_000));
        if (isRepeated) await receiveWebhook(context, book.decide, "desk", request);
        else await sweepWebhooks({ ...context, clock: later }, book.decide);
        expect(book.made).toHaveLength(isRepeated || wasRecorded || !died ? 1 : 0);
        expect((await context.store.listOpenReceipts({ limit: 10 })).entries).toEqual([]);
      },
    );
    expect(writes).toBe(2);
  }
});
