import { RestError } from "@azure/data-tables";
import { expect, test } from "vitest";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import type { StoredExecution, StoredInstance } from "../../durable/store/port.js";
import type { RuntimeStatus } from "../../durable/task-hub.js";
import { Bench, loadConformanceApp, MEMORY_STAGES } from "../conformance/bench.js";

const silence = (): RestError => new RestError("The server is busy.", { statusCode: 503, code: "ServerBusy" });

/** A store that refuses some calls, after its adapter has tried long enough. */
class Refusing extends MemoryHistoryStore {
  updatesRefused = 0;
  readsRefused = 0;
  /** The status that was written last. */
  written: RuntimeStatus | undefined;

  override async updateInstance(instance: StoredInstance): Promise<void> {
    if (this.updatesRefused-- > 0) throw silence();
    await super.updateInstance(instance);
    this.written = instance.runtimeStatus;
  }

  override async readExecution(instanceId: string): Promise<StoredExecution | undefined> {
    if (this.readsRefused-- > 0) throw silence();
    return super.readExecution(instanceId);
  }
}

async function opened(): Promise<{ bench: Bench; store: Refusing }> {
  const store = new Refusing();
  const [stage] = MEMORY_STAGES;
  if (!stage) throw new Error("there is no stage in memory");
  return { store, bench: await Bench.open({ ...stage, openStore: () => store }, await loadConformanceApp()) };
}

test("the row of an ended instance is written again after the store refused it", async () => {
  const { bench, store } = await opened();
  await bench.start("Event", undefined, "one");
  await bench.status("one", "Running");
  store.updatesRefused = 1;
  await bench.raise("one", "Go", 1);
  expect(await bench.outputOf("one")).toBe(1);
  await bench.until("one", () => store.written === "Completed");
  await bench.close();
});

test("a storage that does not answer blocks no instance: after a restart of the host it continues", async () => {
  const { bench, store } = await opened();
  await bench.start("Event", undefined, "one");
  await bench.status("one", "Running");
  store.readsRefused = 1;
  await expect(bench.reopen()).rejects.toThrow("The server is busy.");
  await bench.reopen();
  await bench.raise("one", "Go", 1);
  expect(await bench.outputOf("one")).toBe(1);
  await bench.close();
});
