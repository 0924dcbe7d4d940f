import { afterEach, beforeEach, expect, test } from "vitest";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import { type Commit, RefusedError, type StoredExecution, type StoredInstance } from "../../durable/store/port.js";
import type { RuntimeStatus } from "../../durable/task-hub.js";
import { Bench, loadConformanceApp, MEMORY_STAGES } from "../conformance/bench.js";

type Request = "create" | "update" | "commit" | "read";

/** A store that refuses requests for instances whose id begins with `bad`, as long as it is told to. */
class RefusingStore extends MemoryHistoryStore {
  readonly refused = new Set<Request>();
  /** The status that was written last, by instance. */
  readonly written = new Map<string, RuntimeStatus>();

  #ask(request: Request, instanceId: string): void {
    if (this.refused.has(request) && instanceId.startsWith("bad"))
      throw new RefusedError(request, new Error("InvalidInput"));
  }

  override async createInstance(instance: StoredInstance): Promise<StoredInstance | undefined> {
    this.#ask("create", instance.instanceId);
    return super.createInstance(instance);
  }

  override async updateInstance(instance: StoredInstance): Promise<void> {
    this.#ask("update", instance.instanceId);
    await super.updateInstance(instance);
    this.written.set(instance.instanceId, instance.runtimeStatus);
  }

  override async commit(commit: Commit): Promise<void> {
    this.#ask("commit", commit.instanceId);
    await super.commit(commit);
  }

  override async readExecution(instanceId: string): Promise<StoredExecution | undefined> {
    this.#ask("read", instanceId);
    return super.readExecution(instanceId);
  }
}

let store: RefusingStore;
let bench: Bench;

beforeEach(async () => {
  store = new RefusingStore();
  const [stage] = MEMORY_STAGES;
  if (!stage) throw new Error("there is no stage in memory");
  bench = await Bench.open({ ...stage, openStore: () => store }, await loadConformanceApp());
});
afterEach(() => bench.close());

const errors = () => bench.lines.filter(({ level }) => level === "error");
const THIRTY = Array.from({ length: 30 }, (_, n) => `bad-${n}`);

test("thirty instances whose episodes are refused are suspended at once, each with its reason, and hold nothing up", async () => {
  for (const id of [...THIRTY, "good"]) await bench.start("Event", undefined, id);
  for (const id of [...THIRTY, "good"]) await bench.status(id, "Running");
  store.refused.add("commit");
  for (const id of [...THIRTY, "good"]) await bench.raise(id, "Go", id);
  expect(await bench.outputOf("good")).toBe("good");
  for (const id of THIRTY) {
    expect((await bench.status(id, "Suspended")).output).toMatch(
      /could not be written: The storage refuses.*InvalidInput/,
    );
  }
  expect(errors().map(({ instanceId }) => instanceId)).toEqual(THIRTY);

  await bench.hub.resume("bad-0", null); // the cause is still there
  await bench.status("bad-0", "Suspended");
  store.refused.clear();
  for (const id of THIRTY) await bench.hub.resume(id, null);
  for (const id of THIRTY) expect(await bench.outputOf(id)).toBe(id);
});

test("a parent whose child cannot be written is suspended, and starts it after a resume", async () => {
  store.refused.add("create");
  await bench.start("Parent", { childId: "bad-child" }, "parent");
  expect((await bench.status("parent", "Suspended")).output).toMatch(/The storage refuses/);
  expect(errors().map(({ instanceId }) => instanceId)).toEqual(["parent"]);
  store.refused.clear();
  await bench.hub.resume("parent", null);
  expect(await bench.outputOf("parent")).toMatchObject({ id: "bad-child" });
});

test("a start that is refused is answered so, and the id can be used later", async () => {
  store.refused.add("create");
  await expect(bench.start("Event", undefined, "bad")).rejects.toThrow("The storage refuses");
  store.refused.clear();
  await bench.start("Event", undefined, "bad");
  await bench.status("bad", "Running");
});

test("a row that is refused holds up no list and no other row, and is written later", async () => {
  store.refused.add("update");
  for (const id of ["bad", "good"]) {
    await bench.start("Event", undefined, id);
    await bench.raise(id, "Go", id);
    expect(await bench.outputOf(id)).toBe(id);
  }
  const { instances } = await bench.hub.list({}, 10);
  expect(instances.find(({ instanceId }) => instanceId === "good")?.runtimeStatus).toBe("Completed");
  expect(errors()).toHaveLength(1);
  expect(errors()[0]?.message).toContain("the row of 'bad'");
  store.refused.clear();
  await bench.until("bad", () => store.written.get("bad") === "Completed");
});

test("an instance whose rows cannot be read when the hub opens is suspended, and the others run", async () => {
  for (const id of ["bad", "good"]) {
    await bench.start("Event", undefined, id);
    await bench.status(id, "Running");
  }
  store.refused.add("read");
  await bench.reopen();
  expect((await bench.status("bad", "Suspended")).output).toMatch(/The storage refuses/);
  await bench.raise("good", "Go", 1);
  expect(await bench.outputOf("good")).toBe(1);
  store.refused.clear();
  await bench.hub.resume("bad", null);
  await bench.raise("bad", "Go", 2);
  expect(await bench.outputOf("bad")).toBe(2);
});
