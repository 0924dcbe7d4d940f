import { expect, test } from "vitest";
import { InFlight } from "../../durable/engine/in-flight.js";
import { VirtualClock } from "../../durable/engine/index.js";
import { Projection } from "../../durable/engine/projection.js";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import type { StoredInstance } from "../../durable/store/port.js";

const RUNNING = {
  instanceId: "i",
  executionId: "e",
  startId: "s",
  name: "Child",
  runtimeStatus: "Running",
  input: null,
  output: null,
  customStatus: null,
  version: null,
  createdMs: 0,
  lastUpdatedMs: 0,
  completedMs: null,
  parent: null,
  tags: null,
} as unknown as StoredInstance;

/** An instance whose end was written, so long ago that the storage still may forget it, or no longer. */
async function ended(agoMs: number) {
  const clock = new VirtualClock();
  const store = new MemoryHistoryStore();
  const inFlight = new InFlight();
  const errors: unknown[] = [];
  const projection = new Projection({ store, clock, inFlight, onError: (error) => errors.push(error) });
  const pass = async (ms: number): Promise<void> => {
    const endMs = clock.now() + ms;
    clock.at(endMs, () => undefined);
    while (clock.now() < endMs) {
      clock.ring();
      await inFlight.whenIdle();
    }
  };
  await store.createInstance({ ...RUNNING });
  projection.setStatus({ ...RUNNING }, "Completed", null);
  await projection.flush();
  await pass(agoMs);
  const status = async () => (await store.readInstance("i"))?.runtimeStatus;
  expect(await status()).toBe("Completed");
  /** The storage is killed, comes back, and the end of the instance is gone. */
  const forget = async (): Promise<void> => {
    await store.purge("i");
    await store.createInstance({ ...RUNNING });
    store.outages += 1;
    expect(await status()).toBe("Running");
  };
  return { forget, projection, pass, status };
}

test("a row that an unreachable storage has lost is written again", async () => {
  const { forget, projection, pass, status } = await ended(3_000);
  await forget();
  await pass(5_000);
  expect(await status()).toBe("Completed");
  projection.close();
});

test("a row that was written long before is not", async () => {
  const { forget, pass, status } = await ended(15_000);
  await forget();
  await pass(5_000);
  expect(await status()).toBe("Running");
});
