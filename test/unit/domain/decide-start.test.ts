import { beforeAll, describe, expect, test } from "vitest";
import type { LifecycleItem } from "../../../src/domain/items/allowed-actions.js";
import type { EstateSnapshot } from "../../../src/domain/items/snapshot.js";
import { Plan, type PlanInput } from "../../../src/domain/plans/plan.js";
import { decideStart, type EstateFacts, type StartDecision } from "../../../src/domain/start/check-estate.js";
import { type StartAsked, selectItems } from "../../../src/domain/start/decide-start.js";
import type { Verb } from "../../../src/domain/vocabulary.js";
import { World } from "../../../src/domain/worlds/world.js";
import { createEmulator } from "../../../src/hypervisor/emulator/emulator.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { estateOf } from "../../support/estates.js";
import { ManualClock } from "../../support/worlds.js";

const IDS = ["db", "app", "web"];
let healthy: EstateSnapshot;

beforeAll(async () => {
  const clock = new ManualClock();
  const estate = createEmulator({ tables: createMemoryTables(), clock, speed: 1, durations: "zero" });
  const world = World.parse(estateOf("vmware-to-azure").world);
  await estate.loadWorld(world);
  clock.pass(5 * 3_600);
  healthy = await estate.describeEstate(world.id, IDS);
});

interface Given {
  verb?: Verb;
  plan?: Partial<PlanInput>;
  items?: PlanInput["groups"][number]["items"];
  alone?: boolean;
  options?: StartAsked["options"];
  records?: Partial<Record<string, Partial<LifecycleItem> | null>>;
  estate?: EstateSnapshot;
  facts?: Partial<EstateFacts>;
}

function decide(given: Given): StartDecision {
  const { verb = "unplanned-failover", alone = false, options = {}, items = IDS.map((id) => ({ id })) } = given;
  const plan = Plan.parse({ id: "p", name: "p", worldId: "w", groups: [{ id: "g", name: "g", items }], ...given.plan });
  const records = new Map(
    IDS.flatMap((itemId) => {
      const changes = given.records?.[itemId];
      if (changes === null) return [];
      const place = { scenario: "vmware-to-azure", state: "protected", direction: "primary-to-recovery" } as const;
      return [[itemId, { itemId, ...place, replicationGroupId: null, heldBy: null, ...changes }] as const];
    }),
  );
  const members = [...records.values()];
  const selection = selectItems({ verb, plan, alone, options }, { records, unreadable: new Map(), members });
  return decideStart(selection, {
    estate: given.estate ?? healthy,
    unreadable: new Map(),
    points: new Map(),
    choice: plan.recoveryPoint,
    ...{ records, members, phase: "start", context: { items: new Map(), options: { datastoreId: "ssd" } } },
    ...given.facts,
  });
}

const decisions = ({ items }: StartDecision) => items.map(({ itemId, decision }) => `${itemId} ${decision}`);
const longName = (itemId: string): EstateSnapshot => ({
  ...healthy,
  items: healthy.items.map((snapshot) =>
    snapshot.item.id === itemId
      ? { ...snapshot, item: { ...snapshot.item, target: { ...snapshot.item.target, name: "x".repeat(80) } } }
      : snapshot,
  ),
});

describe("an item that cannot go", () => {
  const held = { heldBy: { executionId: "e", verb: "planned-failover" } } as const;
  const REASONS: [string, Given][] = [
    ["is unprotected", { records: { web: { state: "unprotected" } } }],
    ["is held", { records: { web: held } }],
    [
      "came home and awaits its commit",
      { records: { web: { state: "failed-over", direction: "recovery-to-primary" } } },
    ],
    ["is gone", { records: { web: null } }],
    ["cannot be read", { facts: { unreadable: new Map([["web", "[row-unreadable] it is damaged"]]) } }],
  ];

  test.each(REASONS)("because it %s is left out of an unplanned failover and named", (_, given) => {
    const decision = decide(given);
    expect(decision.refusal).toBeNull();
    expect(decisions(decision)).toEqual(["db take", "app take", "web left-out"]);
    expect(decision.findings.filter(({ itemId }) => itemId === "web")).toHaveLength(1);
  });

  test.each(REASONS)("because it %s prevents a planned failover, which offers to leave it out", (_, given) => {
    const decision = decide({ ...given, verb: "planned-failover" });
    expect(decision).toMatchObject({ without: ["web"], refusal: { message: expect.stringContaining("without: web") } });
    const again = decide({ ...given, verb: "planned-failover", options: { without: ["web"] } });
    expect([again.refusal, decisions(again)]).toEqual([null, ["db take", "app take", "web excluded"]]);
  });

  test.each(REASONS)("because it %s never stops any verb when it is optional", (_, given) => {
    const items = [{ id: "db" }, { id: "app" }, { id: "web", criticality: "optional" as const }];
    expect(decide({ ...given, verb: "planned-failover", items }).refusal).toBeNull();
  });

  test("because of a prerequisite is left out, with every reason", () => {
    const decision = decide({ estate: longName("web") });
    expect([decision.refusal, decisions(decision)]).toEqual([null, ["db take", "app take", "web left-out"]]);
    expect(decision.items[2]).toMatchObject({ code: "prerequisites-failed", because: expect.stringContaining("80") });
  });

  test("is decided by the failure policy of the plan", () => {
    const stop = { onItemFailure: "stop", onActionFailure: "stop" } as const;
    const records = { web: { state: "unprotected" } } as const;
    expect(decide({ records, plan: { failurePolicy: { "unplanned-failover": stop } } }).without).toEqual(["web"]);
    const on = { onItemFailure: "continue", onActionFailure: "stop" } as const;
    expect(
      decide({ records, verb: "planned-failover", plan: { failurePolicy: { "planned-failover": on } } }).refusal,
    ).toBeNull();
  });

  test("prevents a commit, which nobody can undo", () => {
    const over = { state: "failed-over" } as const;
    const decision = decide({ verb: "commit", records: { db: over, app: over, web: { state: "failover-failed" } } });
    expect(decision).toMatchObject({ without: ["web"], refusal: { code: "verb-not-allowed" } });
  });
});

test("findings are complete: every item with everything that prevents it", () => {
  const estate = { ...healthy, items: longName("web").items.map((item) => ({ ...item })) };
  estate.items = estate.items.map((snapshot) =>
    snapshot.item.id === "db"
      ? {
          ...snapshot,
          item: { ...snapshot.item, target: { ...snapshot.item.target, name: "y".repeat(80), networkId: "nowhere" } },
        }
      : snapshot,
  );
  const { findings, refusal } = decide({ verb: "planned-failover", estate });
  const errors = findings.filter(({ severity }) => severity === "error").map(({ itemId, code }) => `${itemId} ${code}`);
  expect(errors).toEqual(["db machine-name", "db target-network", "web machine-name"]);
  expect(refusal?.details).toHaveLength(errors.length);
});

describe("needs that items have together", () => {
  const withCores = (cores: number): EstateSnapshot => ({
    ...healthy,
    sites: healthy.sites.map((site) =>
      site.site.id === "away"
        ? { ...site, site: { ...site.site, quota: { cores, coresUsed: 0, networkInterfacesUsed: 0 } } }
        : site,
    ),
  });

  test("an unplanned failover takes as many items as the quota has cores for", () => {
    const decision = decide({ estate: withCores(5) });
    const taken = decision.items.filter(({ decision: what }) => what === "take");
    expect(decision.refusal).toBeNull();
    expect(taken.length).toBeGreaterThan(0);
    expect(taken.length).toBeLessThan(3);
    expect(decision.items.at(-1)).toMatchObject({ decision: "left-out" });
  });

  test("a planned failover is refused when its items do not fit together", () => {
    expect(decide({ verb: "planned-failover", estate: withCores(5) }).refusal?.code).toBe("prerequisites-failed");
  });
});

describe("replication groups", () => {
  const rg = { replicationGroupId: "rg" };
  const records = { app: rg, web: rg };

  test("a choice of items that splits a group is refused", () => {
    const decision = decide({ records, options: { without: ["web"] } });
    expect(decision.refusal).toMatchObject({ code: "replication-group" });
    expect(decide({ records, options: { only: ["app", "web"] } }).refusal).toBeNull();
  });

  test("an offer to leave an item out leaves its whole group out", () => {
    const decision = decide({ records, verb: "planned-failover", estate: longName("web") });
    expect(decision.without).toEqual(["app", "web"]);
  });

  test("R3 a commit is refused while a member has not failed over, whether it is left out or optional", () => {
    const apart = { app: { ...rg, state: "failed-over" }, web: { ...rg, state: "failover-failed" } } as const;
    const given = { records: { db: { state: "failed-over" }, ...apart }, verb: "commit" } as const;
    const optional = [{ id: "db" }, { id: "app" }, { id: "web", criticality: "optional" }] as const;
    for (const asked of [{ options: { without: ["web"] } }, { options: { only: ["app"] } }, { items: [...optional] }]) {
      const { refusal, without } = decide({ ...given, ...asked });
      expect(refusal).toMatchObject({
        code: "replication-group",
        message: expect.stringContaining("web is failover-failed"),
      });
      expect(without).not.toContain("db");
    }
    expect(decisions(decide({ ...given, options: { only: ["db"] } }))[0]).toBe("db take");
    const left = { ...apart, web: { ...rg, state: "unprotected" } } as const;
    expect(decide({ ...given, records: left, options: { without: ["db", "web"] } }).refusal).toBeNull();
  });

  test("a group that stands apart may be chosen in parts", () => {
    const apart = { app: { ...rg, state: "failed-over" }, web: { ...rg, state: "failover-failed" } } as const;
    const decision = decide({ records: apart, options: { only: ["web"] } });
    expect(decisions(decision)).toEqual(["db excluded", "app excluded", "web take"]);
  });
});

test("a plan passes over the items that are where the verb would bring them", () => {
  const home = { state: "protected", direction: "recovery-to-primary" } as const;
  const decision = decide({ verb: "planned-failover", records: { app: home, web: { state: "failed-over" } } });
  expect(decisions(decision)).toEqual(["db take", "app not-applicable", "web already-done"]);
  expect(decide({ verb: "failback", records: { app: home } }).direction).toBe("recovery-to-primary");
});

test("a start with nothing to do is refused and says why", () => {
  const { refusal } = decide({ verb: "commit" });
  expect(refusal).toMatchObject({ code: "verb-not-allowed", message: expect.stringContaining("has not failed over") });
});

test("a full run never takes items in both directions", () => {
  const home = { direction: "recovery-to-primary" } as const;
  const decision = decide({ verb: "full-run", records: { app: home } });
  expect(decision).toMatchObject({ without: ["app"], refusal: { code: "mixed-directions" } });
});

test("a snapshot without a site is an error of the caller", () => {
  expect(() => decide({ estate: { ...healthy, sites: [] } })).toThrow("lacks a site");
});
