import { beforeEach, expect, test } from "vitest";
import { createEmulator } from "../../../src/hypervisor/emulator/emulator.js";
import { withFairConcurrency } from "../../../src/hypervisor/fair-concurrency.js";
import type { EmulatedEstate, Hypervisor } from "../../../src/hypervisor/port.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { smallWorld } from "../../support/worlds.js";

const AT_MS = Date.UTC(2026, 0, 1);

let emulator: Hypervisor & EmulatedEstate;
beforeEach(async () => {
  const clock = { now: () => AT_MS };
  emulator = createEmulator({ tables: createMemoryTables(), clock, speed: 1, durations: "zero" });
  await emulator.loadWorld(smallWorld(5));
});

const shutDown = (hypervisor: Hypervisor, executionId: string, itemId: string) => {
  const key = `${executionId}/shut-down/${itemId}`;
  return hypervisor.runOnItem({
    worldId: "small",
    executionId,
    key,
    itemId,
    operation: "shut-down-source",
    params: {},
  });
};

test("serves waiting executions round-robin", async () => {
  const limited = withFairConcurrency(emulator, 1);
  const ended: string[] = [];
  const record = async (executionId: string, itemId: string) => {
    const reply = await shutDown(limited, executionId, itemId);
    ended.push(`${executionId} ${reply.state}`);
  };
  await Promise.all([
    record("large", "item-1"),
    record("large", "item-2"),
    record("large", "item-3"),
    record("large", "item-4"),
    record("small", "item-5"),
  ]);
  expect(ended).toEqual(["large done", "large done", "small done", "large done", "large done"]);
});

test("never opens more calls than the limit", async () => {
  let open = 0;
  let peak = 0;
  const counting: Hypervisor = {
    ...emulator,
    runOnItem: async (task) => {
      open += 1;
      peak = Math.max(peak, open);
      try {
        return await emulator.runOnItem(task);
      } finally {
        open -= 1;
      }
    },
  };
  const limited = withFairConcurrency(counting, 2);
  await Promise.all([1, 2, 3, 4, 5].map((number) => shutDown(limited, `run-${number}`, `item-${number}`)));
  expect(peak).toBe(2);
});

test("a call that fails frees its permit", async () => {
  const limited = withFairConcurrency(emulator, 1);
  await expect(shutDown(limited, "run", "unknown")).rejects.toMatchObject({ code: "item-not-found" });
  expect(await shutDown(limited, "run", "item-1")).toMatchObject({ state: "done" });
});

test("reads do not wait for a permit", async () => {
  const limited = withFairConcurrency({ ...emulator, runOnItem: () => new Promise(() => undefined) }, 1);
  void shutDown(limited, "run", "item-1");
  expect(await limited.describeItems("small", ["item-1"])).toHaveLength(1);
});
