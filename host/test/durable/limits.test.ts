import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { type ActivityRunner, EngineTaskHub, runInVirtualTime, VirtualClock } from "../../durable/engine/index.js";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import { silentLogger } from "../../logger.js";
import { loadConformanceApp } from "../conformance/bench.js";

test("the limit of concurrent activities holds, and all activities run", async () => {
  const clock = new VirtualClock();
  let [running, most, ran] = [0, 0, 0];
  const activities: ActivityRunner = async () => {
    running += 1;
    most = Math.max(most, running);
    await turn();
    running -= 1;
    ran += 1;
    return { ok: true, result: "1" };
  };
  const hub = new EngineTaskHub({
    hubName: "Limited",
    app: await loadConformanceApp(),
    store: new MemoryHistoryStore(),
    clock,
    logger: silentLogger,
    activities,
    maxConcurrentActivities: 3,
    maxConcurrentOrchestrators: 2,
  });
  await hub.open();
  for (const instanceId of ["a", "b"]) await hub.start({ name: "Parallel", instanceId, input: '{"width":9}' });
  await runInVirtualTime(hub, clock, () => hub.engine.sessions.size === 0);
  await hub.close();
  expect({ most, ran }).toEqual({ most: 3, ran: 18 });
});
