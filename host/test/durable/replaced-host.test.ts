import { afterEach, describe, expect, test, vi } from "vitest";
import { eventRaised } from "../../durable/engine/events.js";
import { type EngineOptions, type EngineTaskHub, runInVirtualTime, VirtualClock } from "../../durable/engine/index.js";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import type { StoredInstance, Unfinished } from "../../durable/store/port.js";
import { aHubOver } from "./support.js";

/** A store in which something happens just after a host has first listed what there is. */
class BusyStore extends MemoryHistoryStore {
  readonly #meanwhile: () => Promise<void>;
  #listed = false;

  constructor(meanwhile: () => Promise<void>) {
    super();
    this.#meanwhile = meanwhile;
  }

  override async unfinishedInstances(): Promise<Unfinished[]> {
    const unfinished = await super.unfinishedInstances();
    if (unfinished.length > 0 && !this.#listed) {
      this.#listed = true;
      await this.#meanwhile();
    }
    return unfinished;
  }
}

test("an instance that a host ran while it was being replaced has ended", async () => {
  const clock = new VirtualClock();
  const store = new BusyStore(async () => {
    await first.start({ name: "Parent", instanceId: "parent", input: '{"childId":"child"}' });
    await first.engine.inFlight.whenIdle();
  });
  const first = await aHubOver({ store, clock });
  await first.open();
  await first.start({ name: "Event", instanceId: "waiting", input: null });
  await first.engine.inFlight.whenIdle();

  const second = await aHubOver({ store, clock });
  await second.open(); // and the first is gone before it has written how its instances stand
  const { instances } = await second.list({ runtimeStatus: ["Completed"] }, 10);
  expect(instances.map(({ instanceId }) => instanceId)).toEqual(["child", "parent"]);
  await second.close();
});

describe("what a replaced host still made durable", () => {
  const MINUTE_MS = 60_000;
  let clock: VirtualClock;
  let store: MemoryHistoryStore;
  let second: EngineTaskHub;
  let row: StoredInstance;

  async function takeOver(options: Partial<EngineOptions> = {}): Promise<void> {
    clock = new VirtualClock();
    store = new MemoryHistoryStore();
    const first = await aHubOver({ store, clock });
    await first.open();
    await first.start({ name: "WaitInOrder", instanceId: "waiting", input: null, version: "1" });
    await first.engine.inFlight.whenIdle();
    row = (await store.readInstance("waiting")) as StoredInstance;
    second = await aHubOver({ store, clock, ...options });
    await second.open();
  }
  const started = (instanceId: string, version = "1"): StoredInstance => ({
    ...row,
    ...{ instanceId, version, startId: instanceId, name: "Child", input: "null", runtimeStatus: "Pending" },
  });
  const statusOf = async (instanceId: string) => (await store.readInstance(instanceId))?.runtimeStatus;

  afterEach(() => second.close());

  test("an instance runs one lease later, although nobody asks for it", async () => {
    await takeOver();
    await store.createInstance(started("late"));
    await runInVirtualTime(second, clock, async () => (await statusOf("late")) === "Completed", MINUTE_MS);
  });

  test("an instance runs that the replaced host started after a pause of ten minutes", async () => {
    await takeOver();
    clock.at(clock.now() + 10 * MINUTE_MS, () => void store.createInstance(started("late")));
    await runInVirtualTime(second, clock, async () => (await statusOf("late")) === "Completed", 30 * MINUTE_MS);
  });

  test("an instance of a version that this host must not run is suspended, and the others run", async () => {
    await takeOver({ versionMatch: "strict", defaultVersion: "1" });
    await store.createInstance(started("foreign", "0"));
    await store.createInstance(started("late"));
    await runInVirtualTime(second, clock, async () => (await statusOf("late")) === "Completed", MINUTE_MS);
    expect(await second.get("foreign")).toMatchObject({
      runtimeStatus: "Suspended",
      output: expect.stringContaining("Child foreign (version 0)"),
    });
  });

  test("a listing that the storage refuses is repeated", async () => {
    await takeOver();
    await store.createInstance(started("late"));
    const refused = vi.spyOn(store, "unfinishedInstances").mockRejectedValueOnce(new Error("no"));
    await runInVirtualTime(second, clock, async () => (await statusOf("late")) === "Completed", 2 * MINUTE_MS);
    expect(refused.mock.calls.length).toBeGreaterThan(1);
  });

  test("an event that a replaced host wrote is delivered once, also when its key is older than that of a delivered one", async () => {
    await takeOver();
    await second.raiseEvent("waiting", "go", "null");
    await second.raiseEvent("waiting", "early", '"in time"');
    await second.engine.inFlight.whenIdle();
    await store.appendInbox("waiting", [{ key: "0", event: eventRaised("early", '"late"', clock.now()) }]);
    await runInVirtualTime(second, clock, async () => (await statusOf("waiting")) === "Completed", MINUTE_MS);
    expect((await second.get("waiting"))?.output).toBe('["in time","late"]');
    expect((await store.readInbox()).messages.size).toBe(0);
  });

  test("an event that waits for its turn is not delivered again when the inbox is read again", async () => {
    await takeOver();
    await second.raiseEvent("waiting", "early", '"one"');
    vi.spyOn(store, "deleteInbox").mockResolvedValue();
    await second.raiseEvent("waiting", "go", "null");
    const minutesLater = clock.now() + 30 * MINUTE_MS;
    clock.at(minutesLater, () => undefined);
    await runInVirtualTime(second, clock, () => clock.now() >= minutesLater);
    expect(await statusOf("waiting")).toBe("Running");
    await second.raiseEvent("waiting", "early", '"two"');
    await runInVirtualTime(second, clock, async () => (await statusOf("waiting")) === "Completed", MINUTE_MS);
    expect((await second.get("waiting"))?.output).toBe('["one","two"]');
  });
});
