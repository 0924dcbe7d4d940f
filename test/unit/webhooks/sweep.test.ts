import { expect, test } from "vitest";
import type { DecideApproval } from "../../../src/commands/webhooks/decide.js";
import { receiveWebhook } from "../../../src/commands/webhooks/receive.js";
import { saveSource } from "../../../src/commands/webhooks/sources.js";
import { sweepWebhooks } from "../../../src/commands/webhooks/sweep.js";
import { toInstant } from "../../../src/domain/text.js";
import { SENDERS } from "../../../verification/support/webhook-senders.js";
import { rowsIn } from "../../support/small-services.js";
import { APPROVAL, openDesk, sourceOf } from "../../support/webhook-desk.js";

const MINUTE = 60;
const DAY = 86_400;

test("the sweep speaks only for people who are registered when it does", async () => {
  const { from, context, clock, decide, made } = await openDesk();
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
  expect((await context.store.listOpenReceipts({ limit: 10 })).entries).toEqual([]);
});

test("the sweep leaves a message alone whose request may still be at work, and tries a faulty one less and less often", async () => {
  const { from, context, clock } = await openDesk();
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

test("messages with a lasting fault hide no other one, however many they are", async () => {
  const { context, clock } = await openDesk();
  const receivedAt = toInstant(clock.now());
  for (let index = 0; index < 130; index += 1) {
    const messageId = `m${index}`;
    const said = { external: SENDERS.standard.external, approvalId: APPROVAL, decision: "approve" as const };
    const receipt = { sourceId: "desk", messageId, digest: "0".repeat(64), receivedAt, person: "Ann", ...said };
    await context.store.insertReceipt(context.hash(messageId), receipt);
  }
  const faulty: DecideApproval = async () => {
    throw new Error("unreadable");
  };
  clock.pass(MINUTE);
  expect(await sweepWebhooks(context, faulty)).toHaveLength(130);
});

test("a message is known for longer than an approval lives, and then forgotten", async () => {
  const { send, from, context, clock, decide, tables } = await openDesk("github");
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
  const { context } = await openDesk();
  const input = { ...sourceOf("standard"), secrets: ["HOOK", "OTHER"] };
  const { view } = await saveSource(context, "desk", input, "admin");
  expect(view).toMatchObject({ unusableSecrets: ["OTHER"], savedBy: "admin", savedAt: toInstant(context.clock.now()) });
  expect(JSON.stringify(view)).not.toContain(SENDERS.standard.secret.slice(6));
});
