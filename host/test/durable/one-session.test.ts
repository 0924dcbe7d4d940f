import { expect, test } from "vitest";
import type { ActivityRunner } from "../../durable/engine/activities.js";
import { type EngineTaskHub, runInVirtualTime, VirtualClock } from "../../durable/engine/index.js";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import {
  type Commit,
  RefusedError,
  type StoredExecution,
  type StoredInstance,
  type Unfinished,
} from "../../durable/store/port.js";
import { aHubOver } from "./support.js";

async function aHub(
  store: MemoryHistoryStore,
  clock: VirtualClock,
  activity: ActivityRunner = async ({ input }) => ({ ok: true, result: input }),
): Promise<{ hub: EngineTaskHub; fatal: Error[]; ran: string[] }> {
  const fatal: Error[] = [];
  const ran: string[] = [];
  const hub = await aHubOver({
    store,
    clock,
    activities: (call) => {
      ran.push(call.instanceId);
      return activity(call);
    },
    onFatal: (error) => fatal.push(error),
  });
  return { hub, fatal, ran };
}

/** Resolves when it is opened. */
class Gate {
  readonly opened: Promise<void>;
  isOpen = false;
  open: () => void = () => undefined;

  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = () => {
        this.isOpen = true;
        resolve();
      };
    });
  }
}

/** A storage that has written an instance, and takes its time to say so, and to answer who reads its history. */
class SlowStore extends MemoryHistoryStore {
  readonly #slow: string;
  readonly created = new Gate();
  readonly reading = new Gate();
  readonly read = new Gate();

  constructor(slow: string) {
    super();
    this.#slow = slow;
  }

  override async createInstance(instance: StoredInstance): Promise<StoredInstance | undefined> {
    const existing = await super.createInstance(instance);
    if (instance.instanceId === this.#slow) await this.created.opened;
    return existing;
  }

  override async readExecution(instanceId: string): Promise<StoredExecution | undefined> {
    const execution = await super.readExecution(instanceId);
    if (instanceId === this.#slow) {
      this.reading.open();
      await this.read.opened;
    }
    return execution;
  }
}

test.each(["created", "read"] as const)(
  "an instance that is read during its start runs once (first %s)",
  async (first) => {
    const store = new SlowStore("i");
    const clock = new VirtualClock();
    const { hub, fatal, ran } = await aHub(store, clock);
    await hub.open();
    const started = hub.start({ name: "Child", instanceId: "i", input: "null" });
    const looked = hub.get("i");
    await store.reading.opened;
    const [one, other] = first === "created" ? [started, looked] : [looked, started];
    (first === "created" ? store.created : store.read).open();
    await one;
    (first === "created" ? store.read : store.created).open();
    await other;
    await runInVirtualTime(hub, clock, () => hub.engine.sessions.size === 0);
    expect(await hub.get("i")).toMatchObject({ runtimeStatus: "Completed" });
    expect(fatal).toEqual([]);
    expect(ran).toEqual(["i"]);
    await hub.close();
  },
);

/** Lists instances by id, as tables do. */
class SortedStore extends MemoryHistoryStore {
  override async unfinishedInstances(): Promise<Unfinished[]> {
    return (await super.unfinishedInstances()).sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
  }
}

const MANY = Array.from({ length: 100 }, (_, index) => `m-${index}`);

test("a child that its parent resumes at a start before its own turn runs once", async () => {
  const store = new SortedStore();
  const clock = new VirtualClock();
  const running = new Gate();
  const killed = await aHub(store, clock, () => {
    running.open();
    return new Promise(() => undefined);
  });
  await killed.hub.open();
  await killed.hub.start({ name: "Parent", instanceId: "a-parent", input: '{"childId":"z-child"}' });
  for (const instanceId of MANY) await killed.hub.start({ name: "Event", instanceId, input: null });
  await running.opened;

  const opened = new Gate();
  const { hub, fatal, ran } = await aHub(store, clock, async () => {
    await opened.opened;
    return { ok: true, result: null };
  });
  await hub.open();
  opened.open();
  await runInVirtualTime(hub, clock, () => hub.engine.sessions.size === MANY.length);
  expect(await hub.get("a-parent")).toMatchObject({ runtimeStatus: "Completed" });
  expect(ran).toEqual(["z-child"]);
  expect(fatal).toEqual([]);
  await hub.close();
});

/** A store that takes its time to commit the first episode. */
class SlowCommit extends MemoryHistoryStore {
  readonly committing = new Gate();
  readonly committed = new Gate();
  fails = false;

  override async commit(commit: Commit): Promise<void> {
    if (!this.committing.isOpen) {
      this.committing.open();
      await this.committed.opened;
      if (this.fails) throw new RefusedError("commit", new Error("no"));
    }
    await super.commit(commit);
  }
}

test.each(["succeeds", "fails"])("a replaced session whose commit %s does not touch its successor", async (end) => {
  const store = new SlowCommit();
  store.fails = end === "fails";
  const clock = new VirtualClock();
  const hub = await aHubOver({ store, clock, replaceRunning: true });
  await hub.open();
  await hub.start({ name: "Throws", instanceId: "i", input: null }); // it ends with its first episode
  await store.committing.opened;
  await hub.start({ name: "Event", instanceId: "i", input: null });
  const successor = hub.engine.sessions.get("i");
  store.committed.open();
  await hub.engine.inFlight.whenIdle();
  expect(hub.engine.sessions.get("i")).toBe(successor);
  await hub.raiseEvent("i", "Go", "1");
  await runInVirtualTime(hub, clock, () => hub.engine.sessions.size === 0);
  expect(await hub.get("i")).toMatchObject({ runtimeStatus: "Completed", output: "1" });
  await hub.close();
});
