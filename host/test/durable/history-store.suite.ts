import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import {
  eventRaised,
  executionStarted,
  orchestratorCompleted,
  orchestratorStarted,
  taskCompleted,
} from "../../durable/engine/events.js";
import type { HistoryEvent } from "../../durable/history.js";
import { type Commit, type HistoryStore, HubLostError, type StoredInstance } from "../../durable/store/port.js";

const NOW = Date.UTC(2026, 4, 1, 10);

/** What every history store must do; run on each adapter. */
export function historyStoreSuite(label: string, open: () => Promise<HistoryStore>): void {
  describe(`history store: ${label}`, () => {
    let store: HistoryStore;
    beforeEach(async () => {
      store = await open();
      await store.open();
    });

    test("a created instance reads back whole", async () => {
      const instance = anInstance({ input: '{"n":1}', version: "2.0", customStatus: '"waiting"' });
      expect(await store.createInstance(instance)).toBeUndefined();
      expect(await store.readInstance(instance.instanceId)).toEqual(instance);
      expect(await store.readInstance("unknown")).toBeUndefined();
    });

    test("a second start of an id conflicts, a repeat of the same start does not", async () => {
      const first = anInstance();
      await store.createInstance(first);
      expect(await store.createInstance(first)).toBeUndefined();
      expect(await store.createInstance({ ...first, startId: randomUUID() })).toEqual(first);
    });

    test.each([
      ...["plain", "a/b\\c#d?e^f", "^0^^", "tab\there", "é'\"%20 ", "@entity@key"],
      ...["line\u2028end\u2029", "\u0085\ufeff\u0000", "\u{1f44d}{a}(b),c=d&e+f"],
    ])("the id %j keeps its own rows", async (name) => {
      const instance = anInstance({ instanceId: `${name}-${randomUUID()}` });
      await store.createInstance(instance);
      await store.commit(commitOf(instance, [orchestratorStarted(NOW), startOf(instance), orchestratorCompleted(NOW)]));
      await store.appendInbox(instance.instanceId, [{ key: "1", event: eventRaised("e", "1", NOW) }]);
      expect((await store.readInstance(instance.instanceId))?.instanceId).toBe(instance.instanceId);
      expect((await store.readExecution(instance.instanceId))?.events).toHaveLength(3);
      expect([...(await store.readInbox()).messages.keys()]).toEqual([instance.instanceId]);
      await store.purge(instance.instanceId);
      expect(await store.readInstance(instance.instanceId)).toBeUndefined();
      expect(await store.readExecution(instance.instanceId)).toBeUndefined();
      expect((await store.readInbox()).messages.size).toBe(0);
    });

    test("committed episodes read back in order, with everything committed beside them", async () => {
      const instance = anInstance();
      const first = [orchestratorStarted(NOW), startOf(instance), orchestratorCompleted(NOW)];
      const second = [
        orchestratorStarted(NOW + 5),
        taskCompleted("activity", 0, '"x"', NOW + 5),
        orchestratorCompleted(NOW + 5),
      ];
      await store.commit({ ...commitOf(instance, first), customStatus: '{"step":1}' });
      await store.commit({ ...commitOf(instance, second, 3), inboxThrough: "0007" });
      const execution = await store.readExecution(instance.instanceId);
      expect(execution).toMatchObject({
        executionId: instance.executionId,
        startId: instance.startId,
        customStatus: '{"step":1}',
        inboxThrough: "0007",
        rowsPresent: 6,
      });
      expect(execution?.events.map((stored) => stored.event)).toEqual([...first, ...second]);
    });

    test("a custom status can be removed", async () => {
      const instance = anInstance();
      await store.commit({ ...commitOf(instance, anEpisode(instance)), customStatus: '"on"' });
      await store.commit({
        ...commitOf(instance, [orchestratorStarted(NOW), orchestratorCompleted(NOW)], 3),
        customStatus: null,
      });
      expect((await store.readExecution(instance.instanceId))?.customStatus).toBeNull();
    });

    test("rows of another writer stop the commit", async () => {
      const instance = anInstance();
      await store.commit(commitOf(instance, anEpisode(instance)));
      await expect(store.commit(commitOf(instance, anEpisode(instance)))).rejects.toBeInstanceOf(HubLostError);
    });

    test("a repeated commit counts once, and is refused when somebody else has written", async () => {
      const instance = anInstance();
      const first = commitOf(instance, anEpisode(instance));
      const second = commitOf(instance, [orchestratorStarted(NOW), orchestratorCompleted(NOW)], 3);
      for (const commit of [first, first, second, second]) await store.commit(commit);
      expect((await store.readExecution(instance.instanceId))?.events).toHaveLength(5);
      const late = commitOf(instance, [orchestratorStarted(NOW), orchestratorCompleted(NOW)], 3);
      await expect(store.commit(late)).rejects.toBeInstanceOf(HubLostError);
      expect((await store.readExecution(instance.instanceId))?.events).toHaveLength(5);
    });

    test("an episode of 1,000 rows and values of 200,000 characters survive", async () => {
      const instance = anInstance({ input: JSON.stringify("i".repeat(200_000)) });
      await store.createInstance(instance);
      const results = Array.from({ length: 1_000 }, (_, id) =>
        taskCompleted("activity", id, id === 500 ? `"${"x".repeat(200_000)}"` : `${id}`, NOW),
      );
      const events = [orchestratorStarted(NOW), startOf(instance), ...results, orchestratorCompleted(NOW)];
      await store.commit(commitOf(instance, events));
      expect((await store.readExecution(instance.instanceId))?.events.map((stored) => stored.event)).toEqual(events);
      expect((await store.readInstance(instance.instanceId))?.input).toBe(instance.input);
    });

    test("a new generation replaces the old history", async () => {
      const instance = anInstance();
      const long = [
        ...anEpisode(instance).slice(0, 2),
        ...Array.from({ length: 6 }, (_, id) => taskCompleted("activity", id, "1", NOW)),
        orchestratorCompleted(NOW),
      ];
      await store.commit(commitOf(instance, long));
      const next = { ...instance, executionId: randomUUID() };
      await store.commit({ ...commitOf(next, anEpisode(next)), overwriteBelow: long.length });
      expect(await store.readExecution(instance.instanceId)).toMatchObject({
        executionId: next.executionId,
        events: { length: 3 },
      });
      await store.commit({
        ...commitOf(next, [orchestratorStarted(NOW), orchestratorCompleted(NOW)], 3),
        overwriteBelow: long.length,
      });
      expect((await store.readExecution(instance.instanceId))?.events).toHaveLength(5);
    });

    test("the inbox keeps messages in the order of their keys until they are deleted", async () => {
      const { instanceId } = anInstance();
      const messages = Array.from({ length: 60 }, (_, n) => ({
        key: `${n}`.padStart(4, "0"),
        event: eventRaised("e", `${n}`, NOW),
      }));
      await store.appendInbox(instanceId, messages.slice(0, 59));
      await store.appendInbox(instanceId, messages.slice(59));
      expect((await store.readInbox()).messages.get(instanceId)).toEqual(messages);
      await store.deleteInbox(instanceId, ["0000", "0001", "no such key"]);
      expect((await store.readInbox()).messages.get(instanceId)?.[0]?.key).toBe("0002");
    });

    test("a replaced instance has neither history nor inbox of the old one", async () => {
      const instance = anInstance();
      await store.createInstance(instance);
      await store.commit(commitOf(instance, anEpisode(instance)));
      await store.appendInbox(instance.instanceId, [{ key: "1", event: eventRaised("e", "1", NOW) }]);
      const next = { ...instance, startId: randomUUID(), executionId: randomUUID(), input: "2" };
      await store.replaceInstance(next);
      expect(await store.readInstance(instance.instanceId)).toEqual(next);
      expect((await store.readExecution(instance.instanceId))?.events ?? []).toEqual([]);
      expect((await store.readInbox()).messages.size).toBe(0);
    });

    test("unfinished instances are those without a final status", async () => {
      const running = anInstance({ runtimeStatus: "Running" });
      const done = anInstance();
      await store.createInstance(running);
      await store.createInstance(done);
      await store.updateInstance({
        ...done,
        runtimeStatus: "Completed",
        output: '"ok"',
        completedMs: NOW + 9,
        lastUpdatedMs: NOW + 9,
      });
      const { instanceId, name, version } = running;
      expect(await store.unfinishedInstances()).toEqual([{ instanceId, name, version, isChild: false }]);
      expect(await store.readInstance(done.instanceId)).toMatchObject({
        runtimeStatus: "Completed",
        output: '"ok"',
        completedMs: NOW + 9,
      });
    });

    test("a final status is only replaced by another start", async () => {
      const instance = anInstance();
      const ended = { ...instance, runtimeStatus: "Completed" as const, output: '"ok"', completedMs: NOW + 9 };
      await store.createInstance(instance);
      await store.updateInstance({ ...instance, runtimeStatus: "Running" });
      await store.updateInstance(ended);
      await store.updateInstance({ ...instance, runtimeStatus: "Running" });
      expect(await store.readInstance(instance.instanceId)).toEqual(ended);
      const next = { ...instance, startId: randomUUID() };
      await store.replaceInstance(next);
      await store.updateInstance({ ...instance, runtimeStatus: "Failed" });
      await store.updateInstance({ ...next, runtimeStatus: "Running" });
      expect(await store.readInstance(instance.instanceId)).toEqual({ ...next, runtimeStatus: "Running" });
    });

    test("lists are filtered, sorted by id and paged", async () => {
      const instances = Array.from({ length: 7 }, (_, n) =>
        anInstance({
          instanceId: `l-${n}`,
          createdMs: NOW + n * 60_000,
          runtimeStatus: n % 2 === 0 ? "Running" : "Completed",
        }),
      );
      for (const instance of [...instances].reverse()) await store.createInstance(instance);
      await store.createInstance(anInstance({ instanceId: "other" }));
      const first = await store.listInstances({ instanceIdPrefix: "l-" }, 4);
      expect(first.instances.map((i) => i.instanceId)).toEqual(["l-0", "l-1", "l-2", "l-3"]);
      const rest = await store.listInstances({ instanceIdPrefix: "l-" }, 4, first.continuation);
      expect(rest.instances.map((i) => i.instanceId)).toEqual(["l-4", "l-5", "l-6"]);
      expect(rest.continuation).toBeUndefined();
      const filter = {
        createdFromMs: NOW + 60_000,
        createdToMs: NOW + 5 * 60_000,
        runtimeStatus: ["Completed" as const],
      };
      expect((await store.listInstances(filter, 100)).instances.map((i) => i.instanceId)).toEqual([
        "l-1",
        "l-3",
        "l-5",
      ]);
      expect((await store.listInstances({}, 100)).instances).toHaveLength(8);
    });
  });
}

function anInstance(over: Partial<StoredInstance> = {}): StoredInstance {
  return {
    instanceId: `i-${randomUUID()}`,
    executionId: randomUUID(),
    startId: randomUUID(),
    name: "Story",
    version: null,
    runtimeStatus: "Pending",
    input: null,
    output: null,
    customStatus: null,
    createdMs: NOW,
    lastUpdatedMs: NOW,
    completedMs: null,
    parentInstanceId: null,
    parent: null,
    generation: 0,
    ...over,
  };
}

const startOf = (instance: StoredInstance): HistoryEvent => ({ ...executionStarted(instance), IsPlayed: true });
const anEpisode = (instance: StoredInstance): HistoryEvent[] => [
  orchestratorStarted(NOW),
  startOf(instance),
  orchestratorCompleted(NOW),
];

function commitOf(instance: StoredInstance, events: HistoryEvent[], firstRow = 0): Commit {
  return {
    commitId: randomUUID(),
    instanceId: instance.instanceId,
    executionId: instance.executionId,
    startId: instance.startId,
    firstRow,
    events: events.map((event) => ({ event, taskInput: null })),
    overwriteBelow: 0,
    checkpoint: firstRow === 0,
    committedMs: NOW,
  };
}
