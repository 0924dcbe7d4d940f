import { beforeEach, expect, test } from "vitest";
import { type EngineTaskHub, runInVirtualTime, VirtualClock } from "../../durable/engine/index.js";
import { EventType } from "../../durable/history.js";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import { type Commit, HubLostError } from "../../durable/store/port.js";
import { aHubOver } from "./support.js";

/** Loses the answers to the commits that are named by their number: each is written, and its writer told that it failed. */
class ForgetfulStore extends MemoryHistoryStore {
  readonly #lost: Set<number>;
  #commits = 0;

  constructor(lost: number[]) {
    super();
    this.#lost = new Set(lost);
  }

  override async commit(commit: Commit): Promise<void> {
    await super.commit(commit);
    this.#commits += 1;
    if (this.#lost.has(this.#commits)) throw new Error("the connection was lost");
  }
}

let clock: VirtualClock;
let fatal: Error[];
beforeEach(() => {
  clock = new VirtualClock();
  fatal = [];
});

async function aHost(store: MemoryHistoryStore): Promise<EngineTaskHub> {
  const hub = await aHubOver({ store, clock, onFatal: (error) => fatal.push(error) });
  await hub.open();
  return hub;
}

const typesOf = async (store: MemoryHistoryStore): Promise<number[]> =>
  (await store.readExecution("i"))?.events.map(({ event }) => event.EventType) ?? [];

test("an episode whose answer was lost is stored once, and its decisions are carried out", async () => {
  const undisturbed = new MemoryHistoryStore();
  for (const store of [undisturbed, new ForgetfulStore([1, 2])]) {
    const hub = await aHost(store);
    await hub.start({ name: "Sequence", instanceId: "i", input: null });
    await runInVirtualTime(hub, clock, () => hub.engine.sessions.size === 0);
    await hub.close();
    expect(await typesOf(store)).toEqual(await typesOf(undisturbed));
  }
  expect(await typesOf(undisturbed)).toContain(EventType.ExecutionCompleted);
});

test("rewriting an episode never replaces the rows of another host", async () => {
  const store = new ForgetfulStore([1]);
  const first = await aHost(store);
  await first.start({ name: "Sequence", instanceId: "i", input: null });
  await first.engine.inFlight.whenIdle();
  const second = await aHost(store);
  await runInVirtualTime(second, clock, () => second.engine.sessions.size === 0);
  const written = await store.readExecution("i");
  await runInVirtualTime(first, clock, () => fatal.length > 0);
  expect(fatal).toEqual([expect.any(HubLostError)]);
  expect(await store.readExecution("i")).toEqual(written);
  await second.close();
});
