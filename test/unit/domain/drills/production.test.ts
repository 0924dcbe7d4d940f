import { describe, expect, test } from "vitest";
import { productionChange } from "../../../../src/domain/drills/production.js";
import { machineFacts } from "../../../support/drill-records.js";

const OWN = new Set(["test", "clean-up"]);
const before = machineFacts("m1");
const did = (operation: string, executionId: string) => ({ operation, executionId });

describe("whether a drill left production alone", () => {
  test("the operations of a test are no change (U1)", () => {
    const done = [did("create-test-copy", "test"), did("start-test-copy", "test"), did("remove-test-copy", "clean-up")];
    expect(productionChange(before, machineFacts("m1"), done, OWN)).toEqual({ changes: [], byOthers: [] });
  });

  test("any other operation of the drill is one (U1)", () => {
    const { changes } = productionChange(before, machineFacts("m1"), [did("shut-down-source", "test")], OWN);
    expect(changes).toEqual(["m1: the drill did shut-down-source, which is no part of a test"]);
  });

  test.each([
    [{ epoch: 2 }, "the epoch was 1 and is 2"],
    [{ replication: "stopped" as const }, "replication was replicating and is stopped"],
    [{ direction: "recovery-to-primary" as const }, "the direction of replication"],
    [{ source: { ...before.source, power: "off" as const } }, "the power of the source was on and is off"],
    [{ source: { ...before.source, writable: false } }, "whether the source takes writes was true and is false"],
    [{ replica: { ...before.replica, power: "on" as const } }, "the power of the replica was off and is on"],
    [{ replica: { ...before.replica, writable: true } }, "whether the replica takes writes was false and is true"],
  ])("a machine that is not as before is named (U2): %o", (change, text) => {
    const { changes } = productionChange(before, machineFacts("m1", change), [], OWN);
    expect(changes).toEqual([expect.stringContaining(text)]);
  });

  test("what others did is told as theirs (U2)", () => {
    const after = machineFacts("m1", { epoch: 2 });
    expect(productionChange(before, after, [did("promote-replica", "other")], OWN)).toEqual({
      changes: [],
      byOthers: ["m1: promote-replica by execution other"],
    });
  });
});
