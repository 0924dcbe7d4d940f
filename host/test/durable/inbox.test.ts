import { expect, test } from "vitest";
import { eventRaised } from "../../durable/engine/events.js";
import { Inbox } from "../../durable/engine/inbox.js";
import { EngineTaskHub, runInVirtualTime, VirtualClock } from "../../durable/engine/index.js";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import { silentLogger } from "../../logger.js";
import { loadConformanceApp } from "../conformance/bench.js";

const HOUR_MS = 3_600_000;

async function aHost(store: MemoryHistoryStore, clock: VirtualClock): Promise<EngineTaskHub> {
  const hub = new EngineTaskHub({
    hubName: "Shared",
    app: await loadConformanceApp(),
    store,
    clock,
    logger: silentLogger,
    maxConcurrentActivities: 20,
    maxConcurrentOrchestrators: 20,
    onFatal: (error) => {
      throw error;
    },
  });
  await hub.open();
  return hub;
}

test("an event is heard after one that a dead host kept while its clock ran ahead", async () => {
  const store = new MemoryHistoryStore();
  const clock = new VirtualClock();
  const first = await aHost(store, clock);
  await first.start({ name: "WaitInOrder", instanceId: "i", input: null });
  await first.raiseEvent("i", "go", "null");
  await first.engine.idle.whenIdle();
  await first.close();
  const ahead = new Inbox({ store, clock: new VirtualClock(clock.now() + HOUR_MS), deliver: () => undefined });
  await ahead.put("i", eventRaised("early", '"before"', clock.now()));

  const second = await aHost(store, clock);
  await second.engine.idle.whenIdle();
  await second.raiseEvent("i", "early", '"after"');
  await runInVirtualTime(second, clock, () => second.engine.sessions.size === 0);
  await second.engine.projection.flush();
  expect(await store.readInstance("i")).toMatchObject({ runtimeStatus: "Completed", output: '["before","after"]' });
  await second.close();
});
