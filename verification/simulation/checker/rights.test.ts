import { describe, expect, test } from "vitest";
import type { Approval } from "../../../src/domain/approvals/approval.js";
import { pendingApproval } from "../../support/pending-approval.js";
import { EvidenceBuilder } from "./support/evidence-builder.js";
import { violatedBy } from "./support/scenarios.js";

const APPROVAL = pendingApproval();
const { approvalId } = APPROVAL.content;
const AT = "2026-03-02T15:00:00.000Z";

/** The record of an approval after some change. */
function approval(builder: EvidenceBuilder, changes: Partial<Approval>): void {
  const { journal } = builder.evidence.store;
  const json = JSON.stringify({ ...APPROVAL, ...changes });
  const operations = [{ kind: "put" as const, row: `record.${approvalId}`, json }];
  const place = { atMs: builder.clock.now(), table: "Approvals", partition: "w", generation: 1, answered: true };
  journal.push({ n: journal.length + 1, ...place, operations });
}

const by = (person: string) => ({
  ...{ person, decision: "approve" as const, reason: "", at: AT, via: "token", seenHash: null },
});

const violatesI23 = async (builder: EvidenceBuilder): Promise<boolean> => (await violatedBy(builder)).includes("I23");

describe("I23 whatever is done is done by somebody who has the right to it", () => {
  test.each([
    ["ann", false],
    ["mallory", true],
    ["sam", true],
  ])("%s approves", async (person, expected) => {
    const builder = await EvidenceBuilder.create();
    approval(builder, { decisions: [by(person)] });
    expect(await violatesI23(builder)).toBe(expected);
  });

  test.each([
    ["eva", undefined, false],
    ["eva", "auditor", false],
    ["ann", undefined, true],
    ["eva", "eva", true],
  ])("%s breaks the glass, and %s reviews it", async (person, reviewedBy, expected) => {
    const builder = await EvidenceBuilder.create();
    const review = reviewedBy === undefined ? {} : { reviewedBy, reviewedAt: AT };
    approval(builder, { brokenGlass: { person, reason: "nobody is there", at: AT, ...review } });
    expect(await violatesI23(builder)).toBe(expected);
  });

  test.each([
    ["sam", false],
    ["mallory", true],
  ])("%s pauses an execution", async (person, expected) => {
    const builder = await EvidenceBuilder.create();
    builder.execution(1, "unplanned-failover", { steering: [{ person, reason: "", at: AT, action: "pause" }] });
    expect(await violatesI23(builder)).toBe(expected);
  });

  test.each([
    ["operator", false],
    ["mallory", true],
  ])("%s starts and cancels an execution", async (person, expected) => {
    const builder = await EvidenceBuilder.create();
    const cancelRequest = { requestedBy: person, behaviour: "restore-protection", requestedAt: AT };
    builder.execution(1, "unplanned-failover", { requestedBy: person, cancelRequest });
    expect(await violatesI23(builder)).toBe(expected);
  });

  test.each([
    ["of an execution that has one", true, "operator", false],
    ["of an execution that has none", false, "operator", true],
    ["on behalf of somebody who may not", true, "mallory", true],
  ])("a commit timer %s starts a commit", async (_, hasTimer, onBehalfOf, expected) => {
    const builder = await EvidenceBuilder.create();
    const commitTimer = { since: AT, until: AT, onExpiry: "commit" };
    const { executionId } = builder.ended(1, "unplanned-failover", [], hasTimer ? { commitTimer } : {});
    builder.execution(2, "commit", { requestedBy: `commit timer of execution ${executionId}`, onBehalfOf });
    expect(await violatesI23(builder)).toBe(expected);
  });
});

describe("I23 a right ends with the token that gives it", () => {
  test.each([
    ["before the token is revoked", -60, false],
    ["so soon after it that the host may not know it", 5, false],
    ["after the token was revoked", 60, true],
  ])("a decision that was sent %s", async (_, seconds, expected) => {
    const builder = await EvidenceBuilder.create();
    const revokedMs = builder.clock.now() + 3_600_000;
    builder.request({ kind: "revoke-token", to: "rex" }, { atMs: revokedMs, endedMs: revokedMs });
    const atMs = revokedMs + seconds * 1_000;
    builder.request(
      { kind: "trespass", who: "rex", act: "approve", approvalId, seenHash: "" },
      { atMs, endedMs: atMs },
    );
    approval(builder, { decisions: [by("rex")] });
    expect(await violatesI23(builder)).toBe(expected);
  });

  test("a decision that nobody sent", async () => {
    const builder = await EvidenceBuilder.create();
    approval(builder, { decisions: [by("rex")] });
    expect(await violatesI23(builder)).toBe(true);
  });

  test.each([
    ["a revocation that failed", { outcome: "fail" }, false],
    ["a revocation that was acknowledged", {}, true],
  ] as const)("%s, and then an answer that says more", async (_, revoked, expected) => {
    const builder = await EvidenceBuilder.create();
    builder.request({ kind: "revoke-token", to: "rex" }, revoked);
    builder.clock.pass(60);
    const answer = "[approval-void] the approval is over";
    const refused = { outcome: "refused", code: "approval-void", answer } as const;
    builder.request({ kind: "trespass", who: "rex", act: "approve", approvalId, seenHash: "" }, refused);
    expect(await violatesI23(builder)).toBe(expected);
  });
});
