import { createHash } from "node:crypto";
import type { Context } from "../../src/commands/context.js";
import { importWorld } from "../../src/commands/import-world.js";
import type { ItemRecord } from "../../src/domain/items/item-record.js";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import { localIdentity } from "../../src/identity/local.js";
import { Endpoints } from "../../src/notifications/endpoints.js";
import { createStore } from "../../src/store/store.js";
import { createMemoryTables } from "../../src/store/tables/memory-tables.js";
import type { Tables } from "../../src/store/tables/port.js";
import { ManualClock, smallWorld } from "./worlds.js";

/** The services of a process without a task hub, over tables that other processes may share. */
export function servicesOver(tables: Tables, clock: ManualClock): Context {
  const emulator = createEmulator({ tables, clock, speed: 1, durations: "zero", maxConcurrentOperations: 100 });
  const store = createStore(tables);
  return {
    store,
    hypervisor: emulator,
    estate: emulator,
    clock,
    secrets: { get: () => undefined },
    hash: (text) => createHash("sha256").update(text).digest("hex"),
    identity: localIdentity,
    endpoints: new Endpoints(),
    settings: { speed: 1, stepLimitMs: 1_000, allowPrivateWebhooks: true, publicBaseUrl: null },
    assertActive: async () => undefined,
    steeringOf: async () => null,
    executionNow: async (executionId) => (await store.getExecution(executionId))?.value ?? null,
    orchestrations: { start: async () => undefined, raise: async () => undefined, getStatus: async () => undefined },
  };
}

/** Every row of every table, for comparison. */
export async function rowsIn(tables: Tables): Promise<string[]> {
  const { partitions } = tables as RecordedTables;
  const found: string[] = [];
  for (const name of [...partitions].sort()) {
    const [table = "", partition = ""] = name.split("\n");
    const { rows } = await tables.table(table).list(partition, { limit: 1_000 });
    found.push(...rows.map(({ row, json }) => `${table} ${partition}/${row} ${json}`));
  }
  return found;
}

interface RecordedTables extends Tables {
  partitions: Set<string>;
}

/** Tables that know the partitions that were ever written, so that `rowsIn` finds what is left. */
export function recordingPartitions(tables: Tables): Tables {
  const partitions = new Set<string>();
  const recorded: RecordedTables = {
    partitions,
    table: (name) => {
      const table = tables.table(name);
      return {
        ...table,
        transact: (partition, operations) => {
          partitions.add(`${name}\n${partition}`);
          return table.transact(partition, operations);
        },
      };
    },
  };
  return recorded;
}

/** The execution that takes items in `openSmallWorld`. */
export const HOLDER = "11111111-1111-8111-8111-111111111111";

/** A small world of three items in memory, and what an execution would do with them. */
export async function openSmallWorld() {
  const clock = new ManualClock();
  const tables = recordingPartitions(createMemoryTables());
  const services = servicesOver(tables, clock);
  await importWorld(services, smallWorld(3));
  const take = (itemId: string) =>
    services.store.acquireItems("small", HOLDER, "planned-failover", [
      { itemId, from: "protected", during: "failing-over" },
    ]);
  return {
    clock,
    tables,
    services,
    take,
    /** Takes an item and leaves it in another state. */
    bring: async (itemId: string, change: Partial<ItemRecord>): Promise<void> => {
      await take(itemId);
      await services.store.updateItems("small", HOLDER, [{ itemId, change, release: true }]);
    },
    states: async (): Promise<string[]> =>
      (await services.store.listItems("small", { limit: 10 })).entries.map(({ itemId, state }) => `${itemId} ${state}`),
  };
}
