import { expect, test } from "vitest";
import type { ActivityCall } from "../../durable/engine/activities.js";
import { runInVirtualTime, VirtualClock } from "../../durable/engine/index.js";
import { MemoryHistoryStore } from "../../durable/store/memory-store.js";
import type { Commit } from "../../durable/store/port.js";
import { aHubOver } from "./support.js";

/** A hub whose activities note that they ran; `during` comes between a run and its result. */
async function aHub(store: MemoryHistoryStore, during: () => void = () => undefined) {
  const clock = new VirtualClock();
  const ran: string[] = [];
  const fatal: Error[] = [];
  const activities = async ({ name, input }: ActivityCall) => {
    ran.push(name);
    during();
    return { ok: true, result: input } as const;
  };
  const hub = await aHubOver({ store, clock, activities, onFatal: (error) => fatal.push(error) });
  await hub.open();
  await hub.start({ name: "Child", instanceId: "i", input: "null" });
  await runInVirtualTime(hub, clock, () => hub.engine.sessions.size === 0);
  const status = (await hub.get("i"))?.runtimeStatus;
  await hub.close();
  expect(fatal).toEqual([]);
  return { ran, status };
}

test("an activity that ran during an outage of the storage runs again, because its writes may be lost", async () => {
  const store = new MemoryHistoryStore();
  let outages = 2;
  const gone = (): void => {
    if (outages-- > 0) store.outages += 1;
  };
  expect(await aHub(store, gone)).toEqual({ status: "Completed", ran: ["Identity", "Identity", "Identity"] });
});

/** Out of reach while it is asked to write the result of an activity, which it has written all the same, or has not. */
class AwayStore extends MemoryHistoryStore {
  readonly #writes: boolean;
  #away = false;

  constructor(writes: boolean) {
    super();
    this.#writes = writes;
  }

  override async commit(commit: Commit): Promise<void> {
    if (commit.outagesAtStart !== undefined && !this.#away) {
      this.#away = true;
      if (this.#writes) await super.commit(commit);
      this.outages += 1;
    }
    await super.commit(commit);
  }
}

test("an activity whose result was not written before an outage runs again", async () => {
  expect(await aHub(new AwayStore(false))).toEqual({ status: "Completed", ran: ["Identity", "Identity"] });
});

test("an activity whose result was written before an outage does not run again", async () => {
  expect(await aHub(new AwayStore(true))).toEqual({ status: "Completed", ran: ["Identity"] });
});
