import { describe, expect, test } from "vitest";
import { TargetChange, targetLockReason, withChange } from "../../../src/domain/items/target-settings.js";
import { ItemState } from "../../../src/domain/vocabulary.js";

describe("P3: target settings before a failover", () => {
  test("a change keeps the other settings, and null restores the automatic choice", () => {
    const target = { name: "weu-web", size: "D4", managedDisks: true, ip: "10.2.0.9" };
    expect(withChange(target, { size: "D8", ip: null })).toEqual({ name: "weu-web", size: "D8", managedDisks: true });
    expect(withChange(target, {})).toEqual(target);
  });

  test.each([{ colour: "red" }, { ip: "10.2.0" }, { name: "" }, { managedDisks: null }])(
    "%j is no change",
    (change) => {
      expect(TargetChange.safeParse(change).success).toBe(false);
    },
  );

  test("they can be changed only while the item is protected or unprotected, and not held", () => {
    const item = { direction: "primary-to-recovery", heldBy: null } as const;
    const open = ItemState.options.filter((state) => targetLockReason({ ...item, state }) === null);
    expect(open).toEqual(["protected", "unprotected"]);
    expect(targetLockReason({ ...item, state: "failed-over" })).toBe("it is failed-over");
    expect(targetLockReason({ ...item, state: "protected", direction: "recovery-to-primary" })).toContain(
      "recovery site",
    );
    const heldBy = { executionId: "the-holder", verb: "commit", from: "protected" } as const;
    expect(targetLockReason({ ...item, state: "protected", heldBy })).toContain("the-holder");
  });
});
