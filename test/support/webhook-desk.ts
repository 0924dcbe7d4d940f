/** A registered source over memory tables, with approvals that only count: what the tests of incoming webhooks share. */
import type { Context } from "../../src/commands/context.js";
import type { DecideApproval } from "../../src/commands/webhooks/decide.js";
import { receiveWebhook } from "../../src/commands/webhooks/receive.js";
import { saveSource } from "../../src/commands/webhooks/sources.js";
import { RecoveryError } from "../../src/domain/errors.js";
import { WebhookSourceInput } from "../../src/domain/webhooks/source.js";
import { createMemoryTables } from "../../src/store/tables/memory-tables.js";
import type { Tables } from "../../src/store/tables/port.js";
import { type Family, type Said, SENDERS, type Sent } from "../../verification/support/webhook-senders.js";
import { recordingPartitions, servicesOver } from "./small-services.js";
import { ManualClock } from "./worlds.js";

export const APPROVAL = "0b6c7f1e-9a43-8d0c-b1f2-3a4b5c6d7e8f";
const HASH = "0123456789abcdef".repeat(4);

export const said = (family: Family, change: Partial<Said> = {}): Said => ({
  id: "msg_1",
  external: SENDERS[family].external,
  decision: "approve",
  approvalId: APPROVAL,
  hash: HASH,
  reason: "looks right",
  ...change,
});

export const sourceOf = (family: Family) => {
  const { scheme, external } = SENDERS[family];
  const people = [{ external, person: "Ann", roles: ["approver"], planIds: ["crm"] }];
  return WebhookSourceInput.parse({ scheme, secrets: ["HOOK"], people });
};

export const contextOver = (tables: Tables, clock: ManualClock, family: Family): Context => ({
  ...servicesOver(tables, clock),
  secrets: { get: (name) => (name === "HOOK" ? SENDERS[family].secret : undefined) },
});

type Made = Parameters<DecideApproval>[2];

/** Approvals that can be decided once by each person, as the rules of approvals have it. */
export function approvals(refusal?: RecoveryError) {
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

/** Opens a desk: a source with one person, and a sender of its family. */
export async function openDesk(family: Family = "standard", refusal?: RecoveryError) {
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
