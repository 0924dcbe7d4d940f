import { expect, test } from "vitest";
import { breakGlass, review } from "../../../src/domain/approvals/break-glass.js";
import { toMs } from "../../../src/domain/text.js";
import { smallApproval } from "../../support/small-approval.js";

const BEFORE = toMs("2026-03-02T10:00:00.000Z");
const AFTER = toMs("2026-03-03T09:00:00.000Z");
const zoe = { person: "zoe", reason: "the building burns" };

test("it approves with its reason, and the same person again changes nothing", () => {
  const { next, refusal } = breakGlass(smallApproval(), zoe, BEFORE);
  expect([next.status, next.brokenGlass, refusal]).toEqual([
    "approved",
    { ...zoe, at: "2026-03-02T10:00:00.000Z" },
    undefined,
  ]);
  expect(breakGlass(next, zoe, BEFORE).next).toBe(next);
  expect(breakGlass(next, { ...zoe, person: "ann" }, BEFORE).refusal?.code).toBe("decided-already");
});

test.each([
  ["declined", "decided-already"],
  ["void", "approval-void"],
  ["expired", "approval-void"],
  ["used", "decided-already"],
] as const)("what is %s stays so", (status, code) => {
  const approval = { ...smallApproval(), status };
  expect(breakGlass(approval, zoe, BEFORE)).toMatchObject({ next: approval, refusal: { code } });
});

test("after its time an approval is expired, and that is recorded", () => {
  const { next, refusal } = breakGlass(smallApproval(), zoe, AFTER);
  expect([next.status, refusal?.code]).toEqual(["expired", "approval-void"]);
});

test("one other person reviews it, once", () => {
  const { next: broken } = breakGlass(smallApproval(), zoe, BEFORE);
  expect(review(broken, { person: "zoe", note: "fine" }, BEFORE).refusal?.code).toBe("not-an-approver");
  const { next: reviewed } = review(broken, { person: "ann", note: "it did burn" }, BEFORE);
  expect(reviewed.brokenGlass).toMatchObject({ reviewedBy: "ann", reviewNote: "it did burn" });
  expect(review(reviewed, { person: "ann", note: "again" }, BEFORE).next).toBe(reviewed);
  expect(review(reviewed, { person: "bob", note: "me too" }, BEFORE).refusal?.code).toBe("decided-already");
  expect(review(smallApproval(), { person: "ann", note: "?" }, BEFORE).refusal?.code).toBe("nothing-to-review");
});

test("whoever requested the execution, or changed its plan, does not review it", () => {
  const { next: broken } = breakGlass(smallApproval(), zoe, BEFORE);
  expect(review(broken, { person: "eve", note: "fine" }, BEFORE).refusal?.code).toBe("not-an-approver");
});
