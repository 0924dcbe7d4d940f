import { expect, test } from "vitest";
import { asOf } from "../../../src/domain/approvals/decide.js";
import { extend, latestEndOf } from "../../../src/domain/approvals/extend.js";
import { toMs } from "../../../src/domain/text.js";
import { smallApproval } from "../../support/small-approval.js";

const END = "2026-03-03T09:00:00.000Z";
const BEFORE = toMs("2026-03-02T10:00:00.000Z");
const DAY = { person: "zoe", reason: "they sleep", from: END, minutes: 1_440 };

test("the end moves once for whoever saw it, and the same request again changes nothing", () => {
  const { next, refusal } = extend(smallApproval(), DAY, BEFORE);
  expect([refusal, asOf(next, toMs(END)).status]).toEqual([undefined, "pending"]);
  expect(asOf(next, toMs(END) + 86_400_000).status).toBe("expired");
  expect(extend(next, DAY, BEFORE).next).toBe(next);
  expect(extend(next, { ...DAY, minutes: 60 }, BEFORE).refusal?.code).toBe("decided-already");
  expect(extend(smallApproval(), { ...DAY, from: "2026-03-03T08:00:00.000Z" }, BEFORE).refusal?.code).toBe(
    "steering-refused",
  );
});

test("no approval is open for longer than a plan could ask for", () => {
  const approval = smallApproval();
  const left = (toMs(latestEndOf(approval)) - toMs(END)) / 60_000;
  expect(extend(approval, { ...DAY, minutes: left }, BEFORE).refusal).toBeUndefined();
  expect(extend(approval, { ...DAY, minutes: left + 1 }, BEFORE).refusal?.code).toBe("steering-refused");
});

test("what is closed or over gets no more time", () => {
  expect(extend({ ...smallApproval(), status: "approved" }, DAY, BEFORE).refusal?.code).toBe("decided-already");
  expect(extend(smallApproval(), DAY, toMs(END))).toMatchObject({
    next: { status: "expired" },
    refusal: { code: "approval-void" },
  });
});
