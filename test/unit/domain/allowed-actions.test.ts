import { describe, expect, test } from "vitest";
import {
  allowedActions,
  type LifecycleItem,
  mayStart,
  mayStartAlone,
} from "../../../src/domain/items/allowed-actions.js";
import { Verb } from "../../../src/domain/vocabulary.js";

const item = (changes: Partial<LifecycleItem> = {}): LifecycleItem => ({
  itemId: "m1",
  scenario: "vmware-to-azure",
  state: "protected",
  direction: "primary-to-recovery",
  replicationGroupId: null,
  heldBy: null,
  ...changes,
});
const member = (itemId: string, changes: Partial<LifecycleItem> = {}) =>
  item({ itemId, replicationGroupId: "orders", ...changes });

describe("what may be done to an item", () => {
  test("while a test awaits its clean-up, its clean-up, its promotion, or a failover that does not wait", () => {
    const allowed = allowedActions(item({ state: "test-failed-over" }), []).filter((action) => action.allowed);
    expect(allowed.map(({ verb }) => verb)).toEqual(["test-clean-up", "unplanned-failover", "promote-test"]);
  });

  test("every verb is refused on an item that an execution holds, and the execution is named", () => {
    const heldBy = { executionId: "the-holder", verb: "planned-failover" } as const;
    for (const verb of Verb.options) {
      const because = expect.stringContaining("the-holder");
      expect(mayStart(item({ heldBy, state: "failing-over" }), verb)).toMatchObject({ code: "item-held", because });
    }
  });

  test("every action says whether it is allowed and, if it is not, why and what helps", () => {
    const actions = allowedActions(item(), []);
    expect(actions.map(({ verb }) => verb)).toEqual(Verb.options);
    expect(actions.filter(({ allowed, because }) => allowed !== (because === null))).toEqual([]);
    expect(actions.find(({ verb }) => verb === "failback")).toMatchObject({
      because: "the workload is at the primary site already",
      remedy: "use instead: unplanned-failover",
      useInstead: "unplanned-failover",
    });
    expect(allowedActions(item({ state: "failed-over" }), []).find(({ verb }) => verb === "failback")).toMatchObject({
      remedy: "do first: commit, then reprotect",
      doFirst: ["commit", "reprotect"],
    });
  });
});

describe("R1: the members of a replication group that stand together", () => {
  test.each([
    ["protected", "planned-failover"],
    ["failed-over", "commit"],
    ["failed-over", "cancel-failover"],
    ["committed", "reprotect"],
  ] as const)("when %s refuse %s for one of them, and allow it for a plan", (state, verb) => {
    const group = [member("m1", { state }), member("m2", { state })];
    const alone = mayStartAlone(member("m1", { state }), verb, group);
    expect(alone).toMatchObject({ allowed: false, code: "replication-group", advice: { kind: "use-plan" } });
    expect(mayStart(member("m1", { state }), verb).allowed).toBe(true);
  });

  test("can be tested one by one, and advice says when it takes the whole group", () => {
    const group = [member("m1"), member("m2")];
    expect(mayStartAlone(member("m1"), "test-failover", group).allowed).toBe(true);
    const over = group.map((one) => ({ ...one, state: "failed-over" as const }));
    const [first] = over;
    expect(first && mayStartAlone(first, "reprotect", over)).toMatchObject({
      advice: { kind: "do-first", verbs: ["commit"], withGroup: true },
    });
  });

  test("do not count members that are not protected any more", () => {
    const group = [member("m1"), member("m2", { state: "unprotected" })];
    expect(mayStartAlone(member("m1"), "planned-failover", group).allowed).toBe(true);
  });
});

describe("members that stand apart", () => {
  const failed = member("m2", { state: "failover-failed" });
  const over = member("m1", { state: "failed-over" });

  test("R2: may each move alone", () => {
    expect(mayStartAlone(failed, "unplanned-failover", [over, failed]).allowed).toBe(true);
    expect(mayStartAlone(over, "cancel-failover", [over, failed]).allowed).toBe(true);
  });

  test("R3: are not committed while others have not failed over", () => {
    expect(mayStartAlone(over, "commit", [over, failed])).toMatchObject({
      allowed: false,
      code: "replication-group",
      because: expect.stringContaining("m2 is failover-failed"),
    });
    const committed = member("m2", { state: "committed" });
    expect(mayStartAlone(over, "commit", [over, committed]).allowed).toBe(true);
  });
});
