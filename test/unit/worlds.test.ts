import { beforeEach, describe, expect, test } from "vitest";
import type { Context } from "../../src/commands/context.js";
import { importWorld } from "../../src/commands/import-world.js";
import { viewItem } from "../../src/commands/items.js";
import { changeTarget, getTarget } from "../../src/commands/target-settings.js";
import { getWorld, removeItem } from "../../src/commands/worlds.js";
import type { World } from "../../src/domain/worlds/world.js";
import { HOLDER, openSmallWorld, rowsIn } from "../support/small-services.js";
import { smallWorld } from "../support/worlds.js";

const AT = "2026-03-02T09:00:00.000Z";
const refusal = (code: string, ...details: string[]) =>
  expect.objectContaining({
    code,
    details: expect.arrayContaining(details.map((text) => expect.stringContaining(text))),
  });

let world: Awaited<ReturnType<typeof openSmallWorld>>;
let services: Context;
beforeEach(async () => {
  world = await openSmallWorld();
  services = world.services;
});

const renamed = (file: World, ids: readonly string[]): World => ({
  ...file,
  machines: file.machines.map((machine) =>
    ids.includes(machine.id) ? { ...machine, name: `new-${machine.id}` } : machine,
  ),
});

describe("an import over an existing world", () => {
  test("of the same content has no effect, in whatever order it comes", async () => {
    const before = await rowsIn(world.tables);
    const file = smallWorld(3);
    const reordered = { ...file, items: file.items.toReversed(), machines: file.machines.toReversed() };
    world.clock.pass(60);
    const answer = await importWorld(services, reordered);
    expect(answer).toMatchObject({ importedAt: AT, import: { mode: "unchanged" } });
    expect(await rowsIn(world.tables)).toEqual(before);
  });

  test("of another content is refused, and says what differs", async () => {
    const file = renamed(smallWorld(4), ["vm-1"]);
    await expect(importWorld(services, { ...file, items: file.items.slice(1) })).rejects.toEqual(
      refusal(
        "world-differs",
        "not in the world: item item-4",
        "differs: machine vm-1 (name)",
        "not in the file: item item-1",
      ),
    );
    expect(await getWorld(services, "small")).toMatchObject({ itemCount: 3, importedAt: AT });
  });

  test("a world file over an estate that moved is refused, and says item by item what a reset would lose", async () => {
    await world.bring("item-1", { state: "failed-over", activeSiteId: "away", epoch: 1 });
    await world.take("item-2");
    await world.bring("item-3", {
      state: "protected",
      conditions: [{ type: "leftovers", since: AT, whatToDo: "remove them" }],
    });
    await expect(importWorld(services, smallWorld(3))).rejects.toEqual(
      refusal(
        "world-differs",
        "item item-1: it is failed-over and runs at away",
        "item item-1: it was promoted once (epoch 1)",
        `item item-2: execution ${HOLDER} (planned-failover) holds it`,
        "item item-3: its conditions: leftovers",
      ),
    );
    expect(await world.states()).toEqual(["item-1 failed-over", "item-2 failing-over", "item-3 protected"]);
  });

  test("a test copy or a test network counts as moved", async () => {
    await services.hypervisor.runOnSite({
      worldId: "small",
      siteId: "away",
      executionId: HOLDER,
      key: `${HOLDER}/network/away`,
      operation: "create-test-network",
      params: {},
    });
    await expect(importWorld(services, smallWorld(3))).rejects.toEqual(
      refusal("world-differs", `of execution ${HOLDER} at site away`),
    );
  });

  test("settings that were changed since do not count as moved, and a reset would lose them", async () => {
    const { etag } = await getTarget(services, "small", "item-1");
    await changeTarget(services, "small", "item-1", { change: { size: "D4" }, ifMatch: etag });
    expect((await importWorld(services, smallWorld(3))).import.mode).toBe("unchanged");
    await expect(importWorld(services, smallWorld(4))).rejects.toEqual(
      refusal("world-differs", "item item-1: its target settings, which were changed after the import"),
    );
  });
});

describe("an import with mode=reset", () => {
  test("sets everything back to the file", async () => {
    await world.bring("item-1", { state: "failed-over", activeSiteId: "away", epoch: 1 });
    world.clock.pass(60);
    const answer = await importWorld(services, smallWorld(2), "reset");
    expect(answer).toMatchObject({ itemCount: 2, importedAt: "2026-03-02T09:01:00.000Z", import: { mode: "reset" } });
    expect(await world.states()).toEqual(["item-1 protected", "item-2 protected"]);
    expect((await importWorld(services, smallWorld(2))).import.mode).toBe("unchanged");
  });

  test("is refused while an execution holds an item, and changes nothing", async () => {
    await world.take("item-2");
    const before = await rowsIn(world.tables);
    await expect(importWorld(services, smallWorld(1), "reset")).rejects.toEqual(
      refusal("world-in-use", `item-2 by ${HOLDER} (planned-failover)`),
    );
    expect(await rowsIn(world.tables)).toEqual(before);
    expect((await getWorld(services, "small")).change).toBeUndefined();
  });
});

describe("an import with mode=merge", () => {
  test("a merge adds and describes anew what the file says, keeps every state, and names what the file lacks", async () => {
    await world.bring("item-2", { state: "failed-over", activeSiteId: "away", epoch: 1 });
    const { etag } = await getTarget(services, "small", "item-1");
    await changeTarget(services, "small", "item-1", { change: { size: "D4" }, ifMatch: etag });
    const file = renamed(smallWorld(4), ["vm-1"]);
    const merged = await importWorld(
      services,
      { ...file, items: file.items.filter(({ id }) => id !== "item-3") },
      "merge",
    );

    expect(merged.import).toEqual({
      mode: "merge",
      added: ["machine vm-4", "item item-4"],
      changed: ["machine vm-1 (name)"],
      kept: ["item item-3"],
    });
    expect(await world.states()).toEqual([
      "item-1 protected",
      "item-2 failed-over",
      "item-3 protected",
      "item-4 protected",
    ]);
    expect(await viewItem(services, "small", "item-1")).toMatchObject({ name: "new-vm-1", target: { size: "D4" } });
    const { machineNames } = await services.hypervisor.describeSite("small", "home");
    expect(machineNames.toSorted()).toEqual(["new-vm-1", "vm-2", "vm-3", "vm-4"]);
    expect((await services.hypervisor.recoveryPoints("small", "item-4")).points.length).toBeGreaterThan(0);
    await expect(importWorld(services, file)).rejects.toEqual(refusal("world-differs", "item-2: it is failed-over"));
  });

  test("a merge is refused if it describes anew what is not at home, and changes nothing", async () => {
    await world.bring("item-1", { state: "failed-over", activeSiteId: "away" });
    await world.take("item-2");
    const before = await rowsIn(world.tables);
    await expect(importWorld(services, renamed(smallWorld(4), ["vm-1", "vm-2"]), "merge")).rejects.toEqual(
      refusal(
        "merge-refused",
        "item item-1 changes, and it is failed-over and runs at away",
        `item item-2 changes, and it is held by execution ${HOLDER}`,
      ),
    );
    expect(await rowsIn(world.tables)).toEqual(before);
  });

  test("a merge gives a site more and keeps what was deployed there, but takes nothing from an item away from home", async () => {
    await world.bring("item-1", { state: "failed-over", activeSiteId: "away" });
    const withNetworks = (ids: readonly string[]): World => {
      const file = smallWorld(3);
      const networks = ids.map((id) => ({ id, subnets: [{ name: "a", range: "10.2.0.0/24" }] }));
      return { ...file, sites: file.sites.map((site) => (site.id === "away" ? { ...site, networks } : site)) };
    };
    await importWorld(services, withNetworks(["vnet", "more"]), "merge");
    const { site } = await services.hypervisor.describeSite("small", "away");
    expect(site.networks.map(({ id }) => id)).toEqual(["vnet", "more"]);
    await expect(importWorld(services, withNetworks(["vnet"]), "merge")).rejects.toEqual(
      refusal("merge-refused", "site away would lose its network more with subnet a"),
    );
  });

  test("an item does not become another one by a merge", async () => {
    const file = smallWorld(4);
    const items = file.items.slice(0, 3).map((item) => (item.id === "item-1" ? { ...item, machineId: "vm-4" } : item));
    await expect(importWorld(services, { ...file, items }, "merge")).rejects.toEqual(
      refusal("merge-refused", "item item-1 would become another one (machineId); remove it first"),
    );
  });

  test("an item that was removed comes back by a merge", async () => {
    await world.bring("item-1", { state: "unprotected" });
    await removeItem(services, "small", "item-1");
    await expect(importWorld(services, smallWorld(3))).rejects.toEqual(refusal("world-differs", "item item-1"));
    expect((await importWorld(services, smallWorld(3), "merge")).import.added).toEqual(["item item-1"]);
    expect(await viewItem(services, "small", "item-1")).toMatchObject({ state: "protected", epoch: 0 });
  });
});
