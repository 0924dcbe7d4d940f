import { expect, test } from "vitest";
import { ApprovalRequirement } from "../../../src/domain/approvals/requirement.js";
import { isAsStrict } from "../../../src/domain/approvals/requirement-rules.js";

type Input = Partial<Pick<ApprovalRequirement, "needed" | "approvers">>;
const requirement = (change: Input) =>
  ApprovalRequirement.parse({ id: "a", name: "A", before: { kind: "start" }, approvers: {}, ...change });
const ANN_AND_BOB = { needed: 2, approvers: { people: ["ann", "bob"] } };

test.each<[string, Input, Input, boolean]>([
  ["the same people", ANN_AND_BOB, ANN_AND_BOB, true],
  ["one person less", { ...ANN_AND_BOB, needed: 1 }, ANN_AND_BOB, false],
  ["somebody else", { needed: 2, approvers: { people: ["ann", "mallory"] } }, ANN_AND_BOB, false],
  ["anybody", { needed: 2, approvers: { roles: ["approver"] } }, ANN_AND_BOB, false],
  ["named people instead of anybody", ANN_AND_BOB, { approvers: { roles: ["approver"] } }, true],
])("%s: whether it may stand for the other approval", (_who, own, other, is) => {
  expect(isAsStrict(requirement(own), requirement(other))).toBe(is);
});
