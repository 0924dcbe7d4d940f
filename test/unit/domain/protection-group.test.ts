import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { protectionGroupOf, protectionGroupsOf } from "../../../src/domain/items/protection-group.js";
import { Direction, Scenario } from "../../../src/domain/vocabulary.js";

const item = (
  itemId: string,
  direction: Direction,
  { scenario = "vmware-to-azure" as Scenario, replicationGroupId = null as string | null } = {},
) => ({ itemId, scenario, policyId: "daily", replicationGroupId, direction });

describe("the protection group of an item (V1)", () => {
  test("follows from policy and replication group, and is the failback group while replication goes to the primary site", () => {
    const orders = { replicationGroupId: "orders" };
    expect(protectionGroupOf(item("a", "primary-to-recovery")).id).toBe("daily");
    expect(protectionGroupOf(item("a", "primary-to-recovery", orders)).id).toBe("daily.orders");
    expect(protectionGroupOf(item("a", "recovery-to-primary", orders))).toEqual({
      id: "daily.orders-failback",
      policyId: "daily-failback",
      replicationGroupId: "orders",
      failbackOf: "daily.orders",
    });
  });

  test.each(["hyperv-to-hyperv", "azure-to-azure"] as const)("of %s stays the same both ways", (scenario) => {
    const ways = Direction.options.map((direction) => protectionGroupOf(item("a", direction, { scenario })));
    expect(ways).toEqual([ways[0], ways[0]]);
  });

  test("is one group of the plan, next to its failback group", () => {
    const items = fc.array(
      fc.record({
        scenario: fc.constantFrom(...Scenario.options),
        direction: fc.constantFrom(...Direction.options),
        replicationGroupId: fc.constantFrom(null, "orders", "web"),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(items, (some) => {
        const records = some.map(({ direction, ...rest }, at) => item(`item-${at}`, direction, rest));
        const groups = protectionGroupsOf(records);
        expect(groups.flatMap(({ itemIds }) => itemIds).toSorted()).toEqual(
          records.map(({ itemId }) => itemId).toSorted(),
        );
        const ids = groups.map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        for (const { failbackOf } of groups) if (failbackOf !== null) expect(ids).toContain(failbackOf);
      }),
    );
  });
});
