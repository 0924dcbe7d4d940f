import { describe, expect, test } from "vitest";
import type { Scenario } from "../../../src/domain/vocabulary.js";
import { World, type WorldInput } from "../../../src/domain/worlds/world.js";
import { worldProblems } from "../../../src/domain/worlds/world-rules.js";
import { estateOf } from "../../support/estates.js";
import { shopWorld, smallWorld } from "../../support/worlds.js";

type Spoil = (world: World) => void;
const first = <T>(entries: readonly T[]): T => {
  const [entry] = entries;
  if (entry === undefined) throw new Error("empty");
  return entry;
};

describe("a world", () => {
  test("without a mistake has no problems", () => {
    expect(worldProblems(smallWorld(3))).toEqual([]);
    expect(worldProblems(shopWorld())).toEqual([]);
  });

  test.each<[string, Spoil, string]>([
    ["two sites of one id", ({ sites }) => sites.push(first(sites)), "two sites have the id home"],
    [
      "two items of one id",
      ({ items }) => Object.assign(first(items), { id: "item-2" }),
      "two items have the id item-2",
    ],
    [
      "a machine protected twice",
      ({ items }) => Object.assign(first(items), { machineId: "vm-2" }),
      "two items protect machine vm-2",
    ],
    [
      "a link to nowhere",
      ({ links }) => Object.assign(first(links), { between: ["home", "x"] }),
      "link vpn names the unknown site x",
    ],
    [
      "a machine nowhere",
      ({ machines }) => Object.assign(first(machines), { siteId: "x" }),
      "machine vm-1 names the unknown site x",
    ],
    [
      "a machine on no host",
      ({ machines }) => Object.assign(first(machines), { hostId: "x" }),
      "machine vm-1 names the unknown host x",
    ],
    [
      "a machine on no datastore",
      ({ machines }) => Object.assign(first(machines), { datastoreId: "x" }),
      " names the unknown datastore x",
    ],
    [
      "a nic on no network",
      ({ machines }) => Object.assign(first(first(machines).nics), { networkId: "x" }),
      " names the unknown network x",
    ],
    [
      "an unknown policy",
      ({ items }) => Object.assign(first(items), { policyId: "x" }),
      "item item-1 names the unknown policy x",
    ],
    [
      "an unknown machine",
      ({ items }) => Object.assign(first(items), { machineId: "x" }),
      "item item-1 names the unknown machine x",
    ],
    [
      "an unknown source",
      ({ items }) => Object.assign(first(items), { sourceSiteId: "x" }),
      "item item-1 names the unknown site x",
    ],
    [
      "an unknown target",
      ({ items }) => Object.assign(first(items), { targetSiteId: "x" }),
      "item item-1 names the unknown site x",
    ],
    [
      "an unknown group",
      ({ items }) => Object.assign(first(items), { replicationGroupId: "x" }),
      "replication group x",
    ],
    [
      "source and target alike",
      ({ items }) => Object.assign(first(items), { targetSiteId: "home" }),
      "same source and target",
    ],
    [
      "a machine of another site",
      ({ items }) => Object.assign(first(items), { sourceSiteId: "away" }),
      "its machine is at home",
    ],
    [
      "a source of the wrong kind",
      ({ items }) => Object.assign(first(items), { scenario: "azure-to-azure" }),
      "needs a source site of kind azure-region",
    ],
    [
      "a target of the wrong kind",
      ({ items }) => Object.assign(first(items), { scenario: "hyperv-to-hyperv" }),
      "needs a target site of kind vmm-cloud",
    ],
    [
      "a machine of the wrong form",
      ({ items }) => Object.assign(first(items), { scenario: "physical-to-azure" }),
      "form physical",
    ],
  ])("with %s is refused", (_, spoil, problem) => {
    const world = smallWorld(3);
    spoil(world);
    expect(worldProblems(world).join("\n")).toContain(problem);
  });

  test("only a scenario that replicates over a link of its own needs one that is connected", () => {
    const about = (scenario: Scenario, links: WorldInput["links"]): string[] =>
      worldProblems(World.parse({ ...estateOf(scenario).world, links })).filter((problem) =>
        problem.includes("item db"),
      );
    const [line = first([])] = estateOf("hyperv-to-hyperv").world.links ?? [];
    const needs = "item db: hyperv-to-hyperv replicates over a link between home and away, and";
    expect(about("hyperv-to-hyperv", [line])).toEqual([]);
    expect(about("hyperv-to-hyperv", [])).toEqual([`${needs} no link joins them; add a connected link to the world`]);
    expect(about("hyperv-to-hyperv", [{ ...line, connected: false }])).toEqual([
      `${needs} line is not connected; add a connected link to the world`,
    ]);
    // Data goes to a public endpoint over the internet (V9), or over the network of the provider.
    for (const scenario of ["vmware-to-azure", "physical-to-azure", "azure-to-azure"] as const) {
      expect(about(scenario, [])).toEqual([]);
    }
  });

  test("a protected disk that the machine does not have is refused", () => {
    const world = smallWorld(1);
    first(world.items).protectedDisks = ["system", "gone"];
    expect(worldProblems(world)).toEqual(["item item-1 names the unknown disk gone"]);
  });

  test("a replication group shares policy and sites, and has at most 16 members", () => {
    const world = smallWorld(17, { policies: [{ id: "policy" }, { id: "other" }] });
    world.replicationGroups.push({ id: "rg", name: "Group" });
    for (const item of world.items) item.replicationGroupId = "rg";
    first(world.items).policyId = "other";
    const problems = worldProblems(world).join("\n");
    expect(problems).toContain("17 items; the limit is 16");
    expect(problems).toContain("must share policy, source and target site");
  });

  test.each<[string, object]>([
    ["an unknown key", { surprise: true }],
    ["no site", { sites: [] }],
    ["an unknown scenario", { items: [{ ...first(smallWorld(1).items), scenario: "tape" }] }],
    ["a bad id", { id: "../etc" }],
    ["a control character in its name", { name: "a\u0007b" }],
  ])("with %s does not parse", (_, changes) => {
    const input: WorldInput = { ...smallWorld(1), ...changes };
    expect(World.safeParse(input).success).toBe(false);
  });
});
