import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findSample, readDocument, type Sample, sampleList, sampleNames } from "../../demo/samples.js";
import { Plan } from "../../src/domain/plans/plan.js";
import { planItemIds, planProblems, planWarnings } from "../../src/domain/plans/plan-rules.js";
import { checkPrerequisites } from "../../src/domain/prerequisites/prerequisites.js";
import { Scenario } from "../../src/domain/vocabulary.js";
import { withMappedNetworks } from "../../src/domain/worlds/networks.js";
import { World } from "../../src/domain/worlds/world.js";
import { worldProblems } from "../../src/domain/worlds/world-rules.js";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import { createMemoryTables } from "../../src/store/tables/memory-tables.js";
import { ManualClock } from "../support/worlds.js";

const FOLDER = fileURLToPath(new URL("../../samples/", import.meta.url));

/** What a sample tells of its own accord: a disk that came after protection (A5), at the test and at the failover. */
const WARNED: Readonly<Record<string, string[]>> = {
  "azure-between-regions": ["disks-covered of reports", "disks-covered of reports"],
};

const read = async ({ worldFile, planFile }: Sample) => ({
  world: World.parse(await readDocument(worldFile)),
  plan: Plan.parse(await readDocument(planFile)),
});

async function estateOf(world: World) {
  const estate = createEmulator({
    tables: createMemoryTables(),
    clock: new ManualClock(),
    speed: 1,
    durations: "zero",
  });
  await estate.loadWorld(withMappedNetworks(world));
  return estate.describeEstate(
    world.id,
    world.items.map(({ id }) => id),
  );
}

describe.each(await sampleNames(FOLDER))("sample %s", (name) => {
  test("its world and plan break no rule, and the plan takes every item", async () => {
    const { world, plan } = await read(await findSample(FOLDER, name));
    const items = world.items.map(({ id, scenario, replicationGroupId }) => ({
      itemId: id,
      scenario,
      replicationGroupId: replicationGroupId ?? null,
    }));

    expect([world.id, plan.id, plan.worldId]).toEqual([name, name, name]);
    expect(worldProblems(world)).toEqual([]);
    expect(planProblems(plan, items)).toEqual([]);
    expect(planWarnings(plan)).toEqual([]);
    expect(planItemIds(plan).sort()).toEqual(world.items.map(({ id }) => id).sort());
  });

  test("everything its first verbs need is there", async () => {
    const sample = await findSample(FOLDER, name);
    const estate = await estateOf((await read(sample)).world);
    const verbs = ["test-failover", sample.journey.there] as const;
    const items = new Map(
      estate.items.map(({ item }) => [
        item.id,
        { state: "protected" as const, lastTestFailoverAt: "2026-03-01T09:00:00Z", lastTestFailbackAt: null },
      ]),
    );
    const found = verbs.flatMap((verb) => checkPrerequisites(estate, verb, { items, options: {} }));
    expect(found.map(({ code, itemId }) => `${code} of ${itemId}`)).toEqual(WARNED[name] ?? []);
  });

  test("says of itself in a line what it is", async () => {
    expect(await sampleList(FOLDER)).toMatch(new RegExp(`^ {2}${name} +\\w.{20,}$`, "m"));
  });
});

test("there is a sample for each scenario, and one with all of them and forty machines", async () => {
  const worlds = await Promise.all(
    (await sampleNames(FOLDER)).map(async (name) => (await read(await findSample(FOLDER, name))).world),
  );
  const scenariosOf = ({ items }: World) => [...new Set(items.map(({ scenario }) => scenario))].sort();
  expect(worlds.map(scenariosOf)).toEqual(expect.arrayContaining(Scenario.options.map((scenario) => [scenario])));
  const mixed = worlds.find(({ machines }) => machines.length === 40);
  expect(mixed && scenariosOf(mixed)).toHaveLength(Scenario.options.length);
});

test("a name that is not there is answered with the names that are", async () => {
  await expect(findSample(FOLDER, "shoop")).rejects.toThrow(/no sample "shoop"[\s\S]* {2}shop +Fails/);
  await expect(findSample(FOLDER, "../src")).rejects.toThrow('no sample "../src"');
});
