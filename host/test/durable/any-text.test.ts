import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { systemClock } from "../../clock.js";
import {
  eventRaised,
  executionStarted,
  executionSuspended,
  executionTerminated,
  orchestratorCompleted,
  orchestratorStarted,
  taskCompleted,
  taskFailed,
} from "../../durable/engine/events.js";
import type { HistoryEvent } from "../../durable/history.js";
import { unusableId } from "../../durable/store/keys.js";
import type { Commit, StoredInstance } from "../../durable/store/port.js";
import { TableHistoryStore } from "../../durable/store/table-store.js";
import { silentLogger } from "../../logger.js";

const store = new TableHistoryStore({
  connectionString: inject("storage"),
  hubName: `T${randomUUID().replaceAll("-", "").slice(0, 20)}`,
  clock: systemClock,
  logger: silentLogger,
});
beforeAll(() => store.open());

function anInstance(over: Partial<StoredInstance> = {}): StoredInstance {
  return {
    ...{ instanceId: randomUUID(), executionId: "e", startId: "s", name: "Story", version: null, customStatus: null },
    ...{ runtimeStatus: "Pending", input: null, output: null, createdMs: 0, lastUpdatedMs: 0, completedMs: null },
    ...{ parentInstanceId: null, parent: null, generation: 0 },
    ...over,
  };
}

const commitOf = (instanceId: string, events: HistoryEvent[], taskInput: string | null = null): Commit => ({
  ...{
    commitId: "c",
    executionId: "e",
    startId: "s",
    firstRow: 0,
    overwriteBelow: 0,
    checkpoint: true,
    committedMs: 0,
  },
  ...{ instanceId, events: events.map((event) => ({ event, taskInput })) },
});

/** All UTF-16 units, those of a lone surrogate too, in texts that fit into a column. */
const BLOCK_UNITS = 0x800;
const BLOCKS = Array.from({ length: 0x10000 / BLOCK_UNITS }, (_, block): [string, string] => {
  const units = Array.from({ length: BLOCK_UNITS }, (_, unit) => block * BLOCK_UNITS + unit);
  return [`U+${(block * BLOCK_UNITS).toString(16).padStart(4, "0")}`, String.fromCharCode(...units)];
});

describe.each(BLOCKS)("every character comes back (%s)", (_, text) => {
  const json = JSON.stringify({ text });

  test("in an instance", async () => {
    const instance = anInstance({ input: json, output: text, customStatus: json, name: text, version: text });
    expect(await store.createInstance(instance)).toBeUndefined();
    await store.updateInstance(instance);
    expect(await store.readInstance(instance.instanceId)).toEqual(instance);
  });

  test("in a history", async () => {
    const instance = anInstance({ input: json, name: text });
    const events = [
      orchestratorStarted(0),
      executionStarted(instance),
      eventRaised(text, json, 0),
      taskCompleted("activity", 0, text, 0),
      taskFailed("child", 1, { reason: text, details: text, failureDetails: null }, 0),
      executionSuspended(text, 0),
      orchestratorCompleted(0),
    ];
    await store.commit({ ...commitOf(instance.instanceId, events, json), customStatus: text });
    expect(await store.readExecution(instance.instanceId)).toMatchObject({
      customStatus: text,
      events: events.map((event) => ({ event, taskInput: json })),
    });
  });

  test("in the inbox", async () => {
    const instanceId = randomUUID();
    const events = [eventRaised(text, json, 0), executionTerminated(text, 0)];
    const messages = events.map((event, index) => ({ key: `${index}`, event }));
    await store.appendInbox(instanceId, messages);
    expect((await store.readInbox()).messages.get(instanceId)).toEqual(messages);
  });
});

/** Each takes more bytes in a request than units in memory. */
test.each(["\u0000", "\u2028", "\u6f22", '"', "\\"])(
  "many long texts of %j fit into transactions",
  async (character) => {
    const text = character.repeat(30 * 1024);
    const results = Array.from({ length: 60 }, (_, id) => taskCompleted("activity", id, text, 0));
    const events = [orchestratorStarted(0), ...results, orchestratorCompleted(0)];
    const instanceId = randomUUID();
    await store.commit(commitOf(instanceId, events, text));
    expect((await store.readExecution(instanceId))?.events.map(({ event }) => event)).toEqual(events);
    const messages = Array.from({ length: 100 }, (_, index) => ({
      key: String(index).padStart(3, "0"),
      event: eventRaised("e", JSON.stringify(text.slice(0, 2_000)), 0),
    }));
    await store.appendInbox(instanceId, messages);
    expect((await store.readInbox()).messages.get(instanceId)).toEqual(messages);
  },
);

test.each(["\u6f22", "\u{1f44d}", "x\u00e9"])(
  "a long text of %j comes back from a row of its own",
  async (characters) => {
    const text = characters.repeat(30_000 / characters.length);
    const instance = anInstance({ input: text, output: text });
    await store.createInstance(instance);
    expect(await store.readInstance(instance.instanceId)).toEqual(instance);
    const message = { key: "1", event: executionTerminated(text, 0) };
    await store.appendInbox(instance.instanceId, [message]);
    expect((await store.readInbox()).messages.get(instance.instanceId)).toEqual([message]);
  },
);

test.each(["", "x".repeat(257), "half\ud800", "\udc00half", "\ufffe", "no\uffff", "\u{1fffe}"])(
  "no instance can have the id %j",
  (instanceId) => expect(unusableId(instanceId)).toMatch(/\w/),
);
