import type { VirtualClock } from "../../../host/durable/engine/index.js";
import { EventType } from "../../../host/durable/history.js";
import type { HistoryStore } from "../../../host/durable/store/port.js";
import type { HubDump } from "../evidence.js";
import type { Caller, FaultProxy } from "./fault-proxy.js";

/** Everything that all hosts made durable at the hub, in order. */
export interface HubRecord {
  commits: HubDump["commits"];
  messages: HubDump["messages"];
  log: HubDump["log"];
  /** Called for each of them. */
  changed(): void;
}

/** The history store as one host reaches it. */
export function proxiedHistory(
  store: HistoryStore,
  { proxy, caller, record, clock }: { proxy: FaultProxy; caller: Caller; record: HubRecord; clock: VirtualClock },
): HistoryStore {
  const { generation } = caller.lifetime;
  const requestedMs = new Map<string, number>();
  const read = <T>(detail: string, effect: () => Promise<T>): Promise<T> =>
    proxy.call(caller, "history-read", detail, effect);
  return {
    outages: 0,
    watch: () => store.watch(),
    open: () => store.open(),
    createInstance: (instance) =>
      proxy.call(caller, "instance-create", instance.instanceId, () => store.createInstance(instance)),
    replaceInstance: (instance) =>
      proxy.call(caller, "instance-create", instance.instanceId, () => store.replaceInstance(instance)),
    updateInstance: (instance) =>
      proxy.call(caller, "instance-update", instance.instanceId, () => store.updateInstance(instance)),
    readInstance: (id) => read(id, () => store.readInstance(id)),
    listInstances: (filter, top, continuation) => read("list", () => store.listInstances(filter, top, continuation)),
    unfinishedInstances: () => read("unfinished", () => store.unfinishedInstances()),
    purge: (id) => store.purge(id),
    commit: (commit) => {
      const { commitId, instanceId, firstRow, events } = commit;
      const firstMs = requestedMs.get(commitId) ?? clock.now();
      requestedMs.set(commitId, firstMs);
      return proxy.call(caller, "history-commit", instanceId, async () => {
        await store.commit(commit);
        record.changed();
        record.commits.push({
          requestedMs: firstMs,
          atMs: clock.now(),
          generation,
          instanceId,
          firstRow,
          events: events.length,
          commitId,
          raised: events.flatMap(({ event }) =>
            event.EventType === EventType.EventRaised ? { name: event.Name, data: event.Input ?? "null" } : [],
          ),
        });
      });
    },
    readExecution: (id) => read(id, () => store.readExecution(id)),
    appendInbox: async (instanceId, messages) => {
      let written: HubDump["messages"] = [];
      await proxy.call(caller, "inbox-append", instanceId, async () => {
        await store.appendInbox(instanceId, messages);
        record.changed();
        written = messages.flatMap(({ key, event }) => {
          if (event.EventType !== EventType.EventRaised) return [];
          const { Name: name, Input: data } = event;
          return { atMs: clock.now(), generation, instanceId, key, name, data: data ?? "null", answered: false };
        });
        record.messages.push(...written);
      });
      for (const message of written) message.answered = true;
    },
    deleteInbox: (instanceId, keys) =>
      proxy.call(caller, "inbox-delete", instanceId, () => store.deleteInbox(instanceId, keys)),
    readInbox: () => read("inbox", () => store.readInbox()),
  };
}
