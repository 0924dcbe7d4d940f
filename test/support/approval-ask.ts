import fc from "fast-check";
import { ApprovalAsk } from "../../src/domain/approvals/ask.js";
import type { AskMessage } from "../../src/domain/approvals/ask-message.js";

export const APPROVAL_ID = "0aaaaaaa-1111-8111-8111-111111111111";

/** An approval to ask for, over two items of the plan `shop`. */
export const approvalAsk = (change: Partial<ApprovalAsk> = {}): ApprovalAsk =>
  ApprovalAsk.parse({
    approvalId: APPROVAL_ID,
    hash: "ab".repeat(32),
    name: "Owner of the shop",
    planId: "shop",
    planName: "Web shop",
    planVersion: 3,
    executionId: "0eeeeeee-1111-8111-8111-111111111111",
    verb: "planned-failover",
    direction: "primary-to-recovery",
    before: { kind: "start" },
    itemIds: ["web-1", "web-2"],
    recoveryPoint: { kind: "latest" },
    predictedLossSeconds: 12,
    ceiling: { lossSeconds: 60, leftovers: 0 },
    requestedBy: "ann",
    requestedAt: "2026-01-01T00:00:00.000Z",
    expiresAt: "2026-01-31T00:00:00.000Z",
    needed: 2,
    approvers: { people: ["bob", "carol"], roles: ["approver"] },
    link: `https://dr.example.com/approvals/${APPROVAL_ID}`,
    ...change,
  });

/** Whatever a person can put into a name, a plan or a reason. */
const names = fc
  .string({ unit: "binary", minLength: 1, maxLength: 80 })
  .filter((name) => /^[^\p{Cc}\p{Cs}]+$/u.test(name) && name.length <= 80);
const asks = fc
  .record({
    name: names,
    planName: names,
    requestedBy: names,
    people: fc.array(names, { maxLength: 50 }),
    items: fc.nat(2_000),
  })
  .map(({ people, items, ...rest }) =>
    approvalAsk({
      ...rest,
      approvers: { people },
      itemIds: Array.from({ length: items }, (_, at) => `${"machine".repeat(8)}-${at}`.slice(-64)),
    }),
  );
/** Every kind of message, with texts that nobody foresaw. */
export const askMessages: fc.Arbitrary<AskMessage> = fc.oneof(
  asks.map((ask) => ({ kind: "requested", ask }) as const),
  asks.map((ask) => ({ kind: "escalated", ask }) as const),
  fc
    .record({
      ask: asks,
      people: fc.array(names, { maxLength: 50 }),
      reason: fc.string({ unit: "binary", maxLength: 2_000 }),
    })
    .map(({ ask, people, reason }) => ({ kind: "closed", ask, closing: { end: "declined", people, reason } }) as const),
);
