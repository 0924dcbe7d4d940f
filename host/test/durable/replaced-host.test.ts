import { expect, test } from "vitest";
import { VirtualClock } from "../../durable/engine/index.js";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import type { Unfinished } from "../../durable/store/port.js";
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
