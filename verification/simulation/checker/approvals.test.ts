import { describe, expect, test } from "vitest";
import { pendingApproval } from "../../support/pending-approval.js";
import { EvidenceBuilder, executionIdOf } from "./support/evidence-builder.js";
import { failOver, violatedBy } from "./support/scenarios.js";

/** A plan whose start wants an approval, and a failover of its item; the approval was used before, if at all. */
async function failedOver(used: { itemIds: string[]; executionId?: string } | null): Promise<EvidenceBuilder> {
  const builder = await EvidenceBuilder.create();
  const { version } = builder.plan({
    approvals: [{ id: "a0", name: "a0", before: { kind: "start" }, approvers: { people: ["ann"] } }],
  });
  if (used !== null) {
    const content = {
      requirementId: "a0",
      planId: "plan",
      planVersion: version,
      executionId: executionIdOf(1),
      ...used,
    };
    const record = { ...pendingApproval(content), status: "used" };
    const operations = [
      { kind: "put" as const, row: `record.${record.content.approvalId}`, json: JSON.stringify(record) },
    ];
    const place = { atMs: builder.clock.now(), table: "Approvals", partition: "w", generation: 1, answered: true };
    builder.evidence.store.journal.push({ n: 1, ...place, operations });
  }
  builder.clock.pass(60);
  await failOver(builder);
  return builder;
}

describe("I13 nothing happens before its approval", () => {
  test.each([
    ["was used before it", { itemIds: ["item-1"] }, false],
    ["was never used", null, true],
    ["is for another item", { itemIds: ["item-2"] }, true],
    ["is for another execution", { itemIds: ["item-1"], executionId: executionIdOf(2) }, true],
  ])("an item fails over, and the approval before it %s", async (_, used, expected) => {
    expect((await violatedBy(await failedOver(used))).includes("I13")).toBe(expected);
  });
});
