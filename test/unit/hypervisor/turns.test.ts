import { expect, test } from "vitest";
import { createEmulator } from "../../../src/hypervisor/emulator/emulator.js";
import { takeTurns } from "../../../src/hypervisor/turns.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { smallWorld } from "../../support/worlds.js";

const AT_MS = Date.UTC(2026, 0, 1);

test("one place goes round between executions, however many operations the first of them has asked for", async () => {
  const clock = { now: () => AT_MS };
  const emulator = createEmulator({ tables: createMemoryTables(), clock, speed: 1, durations: "zero" });
  await emulator.loadWorld(smallWorld(5));
  const limited = takeTurns(emulator, 1);
  const ended: string[] = [];
  const shutDown = async (executionId: string, itemId: string) => {
    const key = `${executionId}/shut-down/${itemId}`;
    const task = { worldId: "small", executionId, key, itemId, operation: "shut-down-source", params: {} } as const;
    const reply = await limited.runOnItem(task);
    ended.push(`${executionId} ${reply.state}`);
  };
  await Promise.all([
    shutDown("large", "item-1"),
    shutDown("large", "item-2"),
    shutDown("large", "item-3"),
    shutDown("large", "item-4"),
    shutDown("small", "item-5"),
  ]);
  expect(ended).toEqual(["large done", "large done", "small done", "large done", "large done"]);
});
