import { randomUUID } from "node:crypto";
import { TableClient } from "@azure/data-tables";
import { expect, inject, test } from "vitest";
import { systemClock } from "../../clock.js";
import { orchestratorCompleted, orchestratorStarted, taskCompleted } from "../../durable/engine/events.js";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import { HubLostError, OutdatedError, type StoredInstance } from "../../durable/store/port.js";
import { TableHistoryStore } from "../../durable/store/table-store.js";
import { TransientFaults } from "../../durable/store/transient-faults.js";
import { silentLogger } from "../../logger.js";
import { historyStoreSuite } from "./history-store.suite.js";

const aHubName = (): string => `T${randomUUID().replaceAll("-", "").slice(0, 20)}`;

const historyTable = (hubName: string): TableClient =>
  TableClient.fromConnectionString(inject("storage"), `${hubName}History`, { allowInsecureConnection: true });

const aTableStore = (hubName: string): TableHistoryStore =>
  new TableHistoryStore({ connectionString: inject("storage"), hubName, clock: systemClock, logger: silentLogger });

historyStoreSuite("memory", async () => new MemoryHistoryStore());
historyStoreSuite("tables", async () => aTableStore(aHubName()));

const commit = {
  commitId: "c",
  instanceId: "i",
  executionId: "e",
  startId: "s",
  overwriteBelow: 0,
  checkpoint: true,
  committedMs: 0,
};
const rows = (count: number) => [
  { event: orchestratorStarted(0), taskInput: null },
  ...Array.from({ length: count }, (_, id) => ({ event: taskCompleted("activity", id, "1", 0), taskInput: null })),
  { event: orchestratorCompleted(0), taskInput: null },
];

/** An episode in two transactions, of which only the first has reached the table. */
async function halfCommitted() {
  const hubName = aHubName();
  const store = aTableStore(hubName);
  await store.open();
  await store.commit({ ...commit, firstRow: 0, events: rows(1) });
  const long = { ...commit, commitId: "d", firstRow: 3, events: rows(150) };
  await store.commit(long);
  const table = historyTable(hubName);
  for (let row = 98; row < 155; row += 1)
    await table.deleteEntity("i", row.toString(16).toUpperCase().padStart(16, "0"));
  return { store, long };
}

test("the remains of a crash in an episode of several transactions are ignored", async () => {
  const { store, long } = await halfCommitted();
  const execution = await store.readExecution("i");
  expect(execution?.events).toHaveLength(3);
  expect(execution?.rowsPresent).toBe(98);
  await store.commit({ ...long, commitId: "e", overwriteBelow: 98 });
  expect((await store.readExecution("i"))?.events).toHaveLength(155);
});

test("repeating a partly written commit writes the rest", async () => {
  const { store, long } = await halfCommitted();
  await store.commit(long);
  expect((await store.readExecution("i"))?.events).toHaveLength(155);
});

test("a replaced host does not overwrite a final status, and otherwise writes beside the new host", async () => {
  const hubName = aHubName();
  const [replaced, serving] = [aTableStore(hubName), aTableStore(hubName)];
  await serving.open();
  const instance: StoredInstance = {
    ...{ instanceId: "i", executionId: "e", startId: "s", name: "Workflow", version: null, runtimeStatus: "Pending" },
    ...{ input: null, output: null, customStatus: null, createdMs: 0, lastUpdatedMs: 0, completedMs: null },
    ...{ parentInstanceId: null, parent: null, generation: 0 },
  };
  await replaced.createInstance(instance);
  await serving.readInstance("i");
  await replaced.updateInstance({ ...instance, runtimeStatus: "Running" });
  await serving.updateInstance({ ...instance, runtimeStatus: "Suspended" });
  expect((await serving.readInstance("i"))?.runtimeStatus).toBe("Suspended");
  await serving.updateInstance({ ...instance, runtimeStatus: "Completed" });
  await replaced.updateInstance({ ...instance, runtimeStatus: "Running" });
  expect((await serving.readInstance("i"))?.runtimeStatus).toBe("Completed");
});

test("the error for a damaged row names the row and the remedy", async () => {
  const hubName = aHubName();
  const store = aTableStore(hubName);
  await store.open();
  await store.commit({ ...commit, firstRow: 0, events: rows(1) });
  const table = historyTable(hubName);
  await table.updateEntity({ partitionKey: "i", rowKey: "0000000000000001", EventType: "FromTheFuture" }, "Merge");
  await expect(store.readExecution("i")).rejects.toThrow(
    /row '0000000000000001' of 'i' in table .*"FromTheFuture" is unknown.*Repair it/,
  );
});

test("a host that meets foreign rows checks the storage before it reports another host", async () => {
  const hubName = aHubName();
  const [one, faults] = [aTableStore(hubName), new TransientFaults(systemClock, silentLogger)];
  const connectionString = inject("storage");
  const other = new TableHistoryStore({ connectionString, hubName, clock: systemClock, logger: silentLogger, faults });
  await one.open();
  await one.commit({ ...commit, firstRow: 0, events: rows(1) });
  const late = { ...commit, commitId: "late", firstRow: 0, events: rows(1) };
  await expect(other.commit(late)).rejects.toThrow("Another host has written the history of 'i'");
  faults.checkWith(() => Promise.reject(new HubLostError("The storage has lost what it had acknowledged")));
  await expect(other.commit(late)).rejects.toThrow("The storage has lost what it had acknowledged");
});

test("rows stay witnesses while later rows are written, also in a resumed execution", async () => {
  const hubName = aHubName();
  const store = aTableStore(hubName);
  await store.open();
  await store.commit({ ...commit, firstRow: 0, events: rows(1) });
  const table = historyTable(hubName);
  await table.deleteEntity("i", "0000000000000002");
  const duplicate = { ...commit, commitId: "d", firstRow: 1, overwriteBelow: 1, events: rows(1) };
  await expect(store.commit(duplicate)).rejects.toThrow("Another host");
  expect(await store.findLost()).toContain("row '0000000000000002' of 'i'");
});

test("an episode with activities from before an outage is written only if it is stored already", async () => {
  const [hubName, connectionString] = [aHubName(), inject("storage")];
  const faults = new TransientFaults(systemClock, silentLogger);
  const store = new TableHistoryStore({ connectionString, hubName, clock: systemClock, logger: silentLogger, faults });
  await store.open();
  const first = { ...commit, firstRow: 0, events: rows(1), outagesAtStart: store.outages };
  await store.commit(first);
  let torn = 1;
  await faults.withRetry("be cut off", async () => {
    if (torn-- > 0) throw Object.assign(new Error("the connection was reset"), { code: "ECONNRESET" });
  });
  await store.commit(first);
  const second = { ...commit, commitId: "d", firstRow: 3, events: rows(1) };
  await expect(store.commit({ ...second, outagesAtStart: first.outagesAtStart })).rejects.toBeInstanceOf(OutdatedError);
  expect((await store.readExecution("i"))?.events).toHaveLength(3);
  await store.commit({ ...second, outagesAtStart: store.outages });
  expect((await store.readExecution("i"))?.events).toHaveLength(6);
});
