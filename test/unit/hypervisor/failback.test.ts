import { expect, inject, test } from "vitest";
import { World } from "../../../src/domain/worlds/world.js";
import { createEmulator } from "../../../src/hypervisor/emulator/emulator.js";
import { createAzureTables } from "../../../src/store/tables/azure-tables.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { hypervisorFailbackSuite } from "../../suites/hypervisor-failback.suite.js";
import { uniquePrefix } from "../../support/azurite.js";
import { estateOf } from "../../support/estates.js";
import { ManualClock } from "../../support/worlds.js";

hypervisorFailbackSuite("memory", createMemoryTables);
hypervisorFailbackSuite("Table Storage", () => createAzureTables(inject("storage"), uniquePrefix()));

test("F7: when operations take no time, the agent still does, and its caller is told to poll after it has registered", async () => {
  const clock = new ManualClock();
  const estate = createEmulator({ tables: createMemoryTables(), clock, speed: 1, durations: "zero" });
  const world = World.parse(estateOf("vmware-to-azure").world);
  await estate.loadWorld(world);
  const on = { worldId: world.id, executionId: "11111111-1111-8111-8111-111111111111", itemId: "db" };
  await estate.runOnItem({ ...on, key: "1", operation: "shut-down-source", params: {} });
  const synchronised = await estate.runOnItem({ ...on, key: "2", operation: "final-synchronise", params: {} });
  if (synchronised.state !== "done") throw new Error("not synchronised");
  const promotion = { pointId: synchronised.result.point.id, epoch: 1, planned: true };
  await estate.runOnItem({ ...on, key: "3", operation: "promote-replica", params: promotion });
  await estate.runOnItem({ ...on, key: "4", operation: "start-replica", params: { epoch: 1 } });

  const waiting = { ...on, key: "5", operation: "await-agent", params: { wait: true } } as const;
  const reply = await estate.runOnItem(waiting);
  if (reply.state !== "waiting") throw new Error(`the task was ${reply.state} before the agent had registered`);
  clock.goTo(reply.doneAt);
  expect((await estate.runOnItem(waiting)).state).toBe("done");
  expect((await estate.describeItems(world.id, ["db"]))[0]?.agentRegistered).toBe(true);
});

test("P8: the promotion of a physical server takes 8 to 10 minutes more than that of an equal VMware machine", async () => {
  const promotionMs = async (scenario: "physical-to-azure" | "vmware-to-azure", seed: number): Promise<number> => {
    const clock = new ManualClock();
    const estate = createEmulator({ tables: createMemoryTables(), clock, speed: 1, durations: "realistic" });
    const world = World.parse({ ...estateOf(scenario).world, seed });
    await estate.loadWorld(world);
    const [point] = (await estate.recoveryPoints(world.id, "db")).points;
    const params = { pointId: point?.id ?? "", epoch: 1, planned: false };
    const on = { worldId: world.id, executionId: "11111111-1111-8111-8111-111111111111", itemId: "db", key: "1" };
    const reply = await estate.runOnItem({ ...on, operation: "promote-replica", params });
    if (reply.state !== "waiting") throw new Error(`the promotion was ${reply.state}`);
    return Date.parse(reply.doneAt) - clock.now();
  };
  for (let seed = 1; seed <= 40; seed += 1) {
    const more = (await promotionMs("physical-to-azure", seed)) - (await promotionMs("vmware-to-azure", seed));
    expect(more / 60_000).toBeGreaterThanOrEqual(8 - 0.001);
    expect(more / 60_000).toBeLessThanOrEqual(10 + 0.001);
  }
});
