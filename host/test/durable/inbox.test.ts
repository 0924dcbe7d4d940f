import { expect, test } from "vitest";
import { eventRaised } from "../../durable/engine/events.js";
import { Inbox } from "../../durable/engine/inbox.js";
import { type EngineTaskHub, runInVirtualTime, VirtualClock } from "../../durable/engine/index.js";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import { type StoredExecution, type StoredInbox, UnreadableError } from "../../durable/store/port.js";
import { aHubOver } from "./support.js";

const HOUR_MS = 3_600_000;

async function aHost(store: MemoryHistoryStore, clock: VirtualClock): Promise<EngineTaskHub> {
  const onFatal = (error: Error): void => {
    throw error;
  };
  const hub = await aHubOver({ store, clock, onFatal });
  await hub.open();
  return hub;
}

test("an event is delivered after one that a dead host stored while its clock ran ahead", async () => {
  const store = new MemoryHistoryStore();
  const clock = new VirtualClock();
  const first = await aHost(store, clock);
  await first.start({ name: "WaitInOrder", instanceId: "i", input: null });
  await first.raiseEvent("i", "go", "null");
  await first.engine.inFlight.whenIdle();
  await first.close();
  const ahead = new Inbox({
    store,
    clock: new VirtualClock(clock.now() + HOUR_MS),
    inFlight: first.engine.inFlight,
    onError: () => undefined,
    deliver: () => undefined,
  });
  await ahead.put("i", eventRaised("early", '"before"', clock.now()));

  const second = await aHost(store, clock);
  await second.engine.inFlight.whenIdle();
  await second.raiseEvent("i", "early", '"after"');
  await runInVirtualTime(second, clock, () => second.engine.sessions.size === 0);
  await second.engine.projection.flush();
  expect(await store.readInstance("i")).toMatchObject({ runtimeStatus: "Completed", output: '["before","after"]' });
  await second.close();
});

/** A store in which the messages of an instance can't be read, or that does not answer who reads its history. */
class TroubledStore extends MemoryHistoryStore {
  damaged: string | undefined;
  silent = false;

  override async readInbox(): Promise<StoredInbox> {
    const inbox = await super.readInbox();
    if (this.damaged) inbox.unreadable.set(this.damaged, new UnreadableError("row '1'", new Error("no JSON")));
    return inbox;
  }

  override async readExecution(instanceId: string): Promise<StoredExecution | undefined> {
    if (this.silent) throw Object.assign(new Error("the storage did not answer"), { code: "ETIMEDOUT" });
    return super.readExecution(instanceId);
  }
}

test("an event that arrived while its instance was blocked is delivered, although the storage did not answer the resume", async () => {
  const store = new TroubledStore();
  const clock = new VirtualClock();
  const first = await aHost(store, clock);
  await first.start({ name: "Event", instanceId: "i", input: null });
  await first.engine.inFlight.whenIdle();
  await first.close();

  store.damaged = "i";
  const second = await aHost(store, clock);
  await second.raiseEvent("i", "Go", '"meanwhile"');
  store.damaged = undefined;
  store.silent = true;
  await expect(second.resume("i", null)).rejects.toThrow("the storage did not answer");
  store.silent = false;
  expect(await second.get("i")).toMatchObject({ runtimeStatus: "Suspended" });
  await second.resume("i", null);
  await second.engine.inFlight.whenIdle();
  expect(await second.get("i")).toMatchObject({ runtimeStatus: "Completed", output: '"meanwhile"' });
  await second.close();
});
