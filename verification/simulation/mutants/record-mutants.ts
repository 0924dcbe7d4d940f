import type { Execution } from "../../../src/domain/execution.js";
import type { Page, Store } from "../../../src/store/port.js";
import type { Mutant } from "./mutant.js";
import { wrapStore } from "./wrap.js";

/** Releases items that other executions hold, in the state in which they were taken. */
async function stealItems(
  store: Store,
  worldId: string,
  executionId: string,
  itemIds: readonly string[],
): Promise<void> {
  for (const { itemId, heldBy } of await store.getItems(worldId, itemIds)) {
    if (heldBy === null || heldBy.executionId === executionId) continue;
    const update = { itemId, release: true, change: { state: heldBy.from } };
    await store.updateItems(worldId, heldBy.executionId, [update]);
  }
}

/** A store that grants items that are held. Requests to start do not see the hold. */
function grantHeldItems(): NonNullable<Mutant["services"]> {
  return (services) => {
    const { store } = services;
    let starting = 0;
    return {
      ...services,
      hash: (text) => {
        if (text.startsWith("secondsite-execution")) starting += 1;
        return services.hash(text);
      },
      store: {
        ...store,
        findItems: async (worldId, itemIds) => {
          const items = await store.findItems(worldId, itemIds);
          if (starting === 0) return items;
          starting -= 1;
          return items.map((item) => (item.heldBy ? { ...item, state: item.heldBy.from, heldBy: null } : item));
        },
        acquireItems: async (worldId, executionId, verb, claims) => {
          const itemIds = claims.map(({ itemId }) => itemId);
          await stealItems(store, worldId, executionId, itemIds);
          return store.acquireItems(worldId, executionId, verb, claims);
        },
      },
    };
  };
}

/** A start that reads other records than its prerequisites. */
const startOnOtherRecords: NonNullable<Mutant["services"]> = (services) => {
  const { store } = services;
  let starting = false;
  return {
    ...services,
    hash: (text) => {
      starting ||= text.startsWith("secondsite-execution");
      return services.hash(text);
    },
    store: {
      ...store,
      findItems: async (worldId, itemIds) => {
        const items = await store.findItems(worldId, itemIds);
        if (!starting) return items;
        starting = false;
        return items.map((item) => ({ ...item, state: "unprotected" }));
      },
    },
  };
};

/** A store that acknowledges an execution and keeps it in memory until it has been read a few times. */
function acknowledgeEarly(store: Store): Partial<Store> {
  const kept = new Map<string, { execution: Execution; looks: number }>();
  const flush = async (executionId: string): Promise<void> => {
    const pending = kept.get(executionId);
    if (pending === undefined) return;
    await store.createExecution(pending.execution);
    kept.delete(executionId);
  };
  return {
    createExecution: async (execution) => {
      if (await store.getExecution(execution.executionId)) return store.createExecution(execution);
      kept.set(execution.executionId, { execution, looks: 0 });
      return { execution, created: true };
    },
    getExecution: async (executionId) => {
      const pending = kept.get(executionId);
      if (pending === undefined) return store.getExecution(executionId);
      pending.looks += 1;
      if (pending.looks < 5) return { value: pending.execution, etag: "kept" };
      await flush(executionId);
      return store.getExecution(executionId);
    },
    updateExecution: async (execution, etag) => {
      const pending = kept.get(execution.executionId);
      if (pending === undefined) return store.updateExecution(execution, etag);
      pending.execution = execution;
      return "kept";
    },
  };
}

/** Lists that do not report unreadable rows. */
const omitUnreadable = (store: Store): Partial<Store> => {
  const unsaid = <T>(page: Promise<Page<T>>): Promise<Page<T>> => page.then(({ unreadable: _, ...said }) => said);
  return {
    listItems: (worldId, page) => unsaid(store.listItems(worldId, page)),
    listPlans: (page) => unsaid(store.listPlans(page)),
    listExecutions: (page) => unsaid(store.listExecutions(page)),
  };
};

export const RECORD_MUTANTS: readonly Mutant[] = [
  { breaks: "I8", what: "a store that grants items that are held", services: grantHeldItems() },
  {
    breaks: "I11",
    what: "a store that never releases an item",
    services: wrapStore((store) => ({
      updateItems: (worldId, executionId, updates) =>
        store.updateItems(
          worldId,
          executionId,
          updates.map((update) => ({ ...update, release: false })),
        ),
    })),
  },
  {
    breaks: "I16",
    what: "a store that acknowledges an execution before it is written",
    services: wrapStore(acknowledgeEarly),
  },
  {
    breaks: "I20",
    what: "a store that returns the newest plan version, whichever is requested",
    services: wrapStore((store) => ({
      getPlanVersion: async (planId) => (await store.getPlan(planId))?.value ?? null,
    })),
  },
  { breaks: "I29", what: "a start that reads other records than its prerequisites", services: startOnOtherRecords },
  {
    breaks: "I26",
    what: "a store that omits unreadable rows without reporting them",
    services: wrapStore(omitUnreadable),
  },
];
