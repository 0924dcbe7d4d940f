import type { Services } from "../../../src/commands/context.js";
import { EmulatedItem, ITEM } from "../../../src/hypervisor/emulator/state.js";
import { partitionOfItem, readHeader, stateRow } from "../../../src/hypervisor/emulator/world-rows.js";
import type { ItemOperation, ItemTask } from "../../../src/hypervisor/port.js";
import { decode, encode } from "../../../src/store/tables/codec.js";
import { TableConflict, type Tables } from "../../../src/store/tables/port.js";
import type { Mutant } from "./mutant.js";
import { changePlan, claimDone, wrapOperations } from "./wrap.js";

/** Changes each item's state when it is written. */
const changeState =
  (change: (state: EmulatedItem) => EmulatedItem) =>
  (tables: Tables): Tables => ({
    table: (name) => {
      const table = tables.table(name);
      if (name !== "Estate") return table;
      return {
        ...table,
        transact: (partition, all) =>
          table.transact(
            partition,
            all.map((operation) => {
              if (!("json" in operation)) return operation;
              const item = EmulatedItem.safeParse(JSON.parse(operation.json));
              return item.success ? { ...operation, json: JSON.stringify(change(item.data)) } : operation;
            }),
          ),
      };
    },
  });

/** Makes the estate forget that its epoch is above the requested one. */
async function forgetEpoch(tables: Tables, { worldId, itemId, operation, key, params }: ItemTask<ItemOperation>) {
  const request = "epoch" in params ? params.epoch : undefined;
  if (request === undefined) return;
  const table = tables.table("Estate");
  const { header } = await readHeader(table, worldId);
  const partition = partitionOfItem(header, itemId);
  const row = await table.get(partition, stateRow(itemId));
  if (row === null) return;
  const state = decode(ITEM, row);
  const epoch = operation === "start-replica" ? request : request - 1;
  if (state.tasks[key] !== undefined || state.epoch <= epoch) return;
  const columns = encode(ITEM, stateRow(itemId), { ...state, epoch });
  await table.transact(partition, [{ kind: "replace", ...columns, etag: row.etag }]).catch((error: unknown) => {
    if (!(error instanceof TableConflict)) throw error;
  });
}

/** Runs another operation after the requested one is done. */
const withExtra = (request: ItemOperation, extra: ItemOperation): NonNullable<Mutant["services"]> =>
  wrapOperations(async (run, task) => {
    const reply = await run(task);
    if (task.operation !== request || reply.state !== "done") return reply;
    await run({ ...task, operation: extra, params: {}, key: `${task.executionId}/${extra}/${task.itemId}` });
    return reply;
  });

/** Descriptions in which every source runs. */
function claimSources(services: Services): Services {
  const { hypervisor } = services;
  return {
    ...services,
    hypervisor: {
      ...hypervisor,
      describeItems: async (worldId, itemIds) =>
        (await hypervisor.describeItems(worldId, itemIds)).map((snapshot) => ({
          ...snapshot,
          source: { ...snapshot.source, power: "on", writable: true },
        })),
    },
  };
}

let hosts = 0;

export const ESTATE_MUTANTS: readonly Mutant[] = [
  {
    breaks: "I1",
    what: "an estate that does not fence a powered-on source",
    tables: changeState((state) =>
      state.promotedFrom !== null && state.source.power === "on"
        ? { ...state, source: { ...state.source, writable: true } }
        : state,
    ),
  },
  {
    breaks: "I2",
    what: "an estate that accepts any epoch, and executions that all start at the first",
    activities: changePlan((plan) => ({
      ...plan,
      groups: plan.groups.map((group) => ({
        ...group,
        items: group.items.map((item) => ({ ...item, epoch: 0 })),
      })),
    })),
    services: wrapOperations(async (run, task, _, tables) => {
      await forgetEpoch(tables, task);
      return run(task);
    }),
  },
  {
    breaks: "I4",
    what: "a promotion that deletes the recovery points",
    services: withExtra("promote-replica", "delete-recovery-points"),
  },
  {
    breaks: "I5",
    what: "a final synchronisation that does nothing",
    services: wrapOperations(async (run, task, services) => {
      if (task.operation !== "final-synchronise") return run(task);
      const time = new Date(services.clock.now()).toISOString();
      const point = { id: "none", time, consistency: "crash-consistent", replicationGroupId: null };
      return claimDone(services, { point, sequences: [] });
    }),
  },
  {
    breaks: "I6",
    what: "a promotion that reports no loss",
    services: wrapOperations(async (run, task) => {
      const reply = await run(task);
      if (task.operation !== "promote-replica" || reply.state !== "done") return reply;
      return { ...reply, result: { ...reply.result, dataLoss: { seconds: 0, writes: 0, bytes: 0 } } };
    }),
  },
  {
    breaks: "I9",
    what: "keys that change when a host restarts",
    services: (services, tables) => {
      hosts += 1;
      const mine = hosts;
      const named = wrapOperations((run, task) => {
        const [executionId, step, ...subject] = task.key.split("/");
        return run({ ...task, key: [executionId, `${step}~${mine}`, ...subject].join("/") });
      });
      return named(services, tables);
    },
  },
  {
    breaks: "I27",
    what: "an estate that forgets what machines take at a site",
    tables: (tables) => ({
      table: (name) => {
        const table = tables.table(name);
        const isClaims = (row: string): boolean => name === "Estate" && row.startsWith("claims:");
        return {
          ...table,
          transact: async (partition, operations) =>
            operations.every(({ row }) => isClaims(row))
              ? operations.map(() => "")
              : table.transact(partition, operations),
        };
      },
    }),
  },
  {
    breaks: "I28",
    what: "a source that is said to run again and does not",
    services: (services, tables) => {
      const seen = claimSources(services);
      const claiming = wrapOperations(async (run, task) => {
        if (task.operation !== "restart-source") return run(task);
        const [snapshot] = await seen.hypervisor.describeItems(task.worldId, [task.itemId]);
        return claimDone(services, { startedAt: new Date(services.clock.now()).toISOString(), copy: snapshot?.source });
      });
      return claiming(seen, tables);
    },
  },
  {
    breaks: "I18",
    what: "a test copy that stops replication",
    services: withExtra("create-test-copy", "stop-replication"),
  },
  {
    breaks: "I19",
    what: "a rollback that does not restore replication",
    services: (services, tables) => {
      const { hypervisor } = services;
      const lying = wrapOperations(async (run, task) =>
        task.operation === "restore-replication"
          ? claimDone(services, { replicatingSince: new Date(services.clock.now()).toISOString() })
          : run(task),
      );
      const changeInput = {
        ...services,
        hypervisor: {
          ...hypervisor,
          describeItems: async (worldId: string, itemIds: readonly string[]) =>
            (await hypervisor.describeItems(worldId, itemIds)).map((snapshot) => ({
              ...snapshot,
              replication: { ...snapshot.replication, state: "replicating" as const },
            })),
        },
      };
      return lying(changeInput, tables);
    },
  },
];
