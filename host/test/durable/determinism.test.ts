import { expect, test } from "vitest";
import { EngineTaskHub, runInVirtualTime, seededRandom, VirtualClock } from "../../durable/engine/index.js";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import { silentLogger } from "../../logger.js";
import { loadConformanceApp } from "../conformance/bench.js";

/** Runs ten fan-outs side by side, every choice made by the seed, and answers all that was written. */
async function historyOf(seed: number): Promise<string> {
  const clock = new VirtualClock();
  const choose = seededRandom(seed);
  const store = new MemoryHistoryStore();
  let guids = 0;
  const hub = new EngineTaskHub({
    hubName: "Seeded",
    app: await loadConformanceApp(),
    store,
    clock,
    logger: silentLogger,
    maxConcurrentActivities: 3,
    maxConcurrentOrchestrators: 2,
    choose,
    newGuid: () => `00000000-0000-4000-8000-${(guids++).toString(16).padStart(12, "0")}`,
  });
  await hub.open();
  const ids = Array.from({ length: 10 }, (_, n) => `i-${n}`);
  for (const instanceId of ids) await hub.start({ name: "Parallel", instanceId, input: '{"width":9}' });
  await runInVirtualTime(hub, clock, () => hub.engine.sessions.size === 0);
  await hub.close();
  const executions = await Promise.all(ids.map((id) => store.readExecution(id)));
  return JSON.stringify(executions);
}

test("the same seed gives the same history, and another seed another one", async () => {
  const [first, again, other] = [await historyOf(7), await historyOf(7), await historyOf(8)];
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});
