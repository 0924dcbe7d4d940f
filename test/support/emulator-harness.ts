import type { ItemSnapshot } from "../../src/domain/items/snapshot.js";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import type {
  EmulatedEstate,
  Hypervisor,
  ItemOperation,
  ItemOperations,
  TaskReply,
} from "../../src/hypervisor/port.js";
import type { Tables } from "../../src/store/tables/port.js";
import { ManualClock, smallWorld } from "./worlds.js";

export const EXECUTION = "11111111-1111-8111-8111-111111111111";
export const OTHER_EXECUTION = "22222222-2222-8222-8222-222222222222";

/** An emulator with a manual clock, and shorthands for the calls of its tests. */
export class EmulatorHarness {
  readonly clock = new ManualClock();
  readonly tables: Tables;
  estate: Hypervisor & EmulatedEstate;
  worldId = "";

  private constructor(tables: Tables) {
    this.tables = tables;
    this.estate = this.emulator();
  }

  /** A harness with a small world of two items. */
  static async open(tables: Tables): Promise<EmulatorHarness> {
    const harness = new EmulatorHarness(tables);
    await harness.load();
    return harness;
  }

  /** Another emulator on the same tables, like that of another process. */
  emulator(
    durations: "realistic" | "zero" = "realistic",
    speed = 1,
    maxConcurrentOperations = 100,
  ): Hypervisor & EmulatedEstate {
    return createEmulator({ tables: this.tables, clock: this.clock, speed, durations, maxConcurrentOperations });
  }

  /** The emulator of a process that dies before it writes the state of an item. */
  crashingEmulator(maxConcurrentOperations: number): Hypervisor & EmulatedEstate {
    const tables: Tables = {
      table: (name) => {
        const table = this.tables.table(name);
        const transact: typeof table.transact = (partition, operations) =>
          operations.some(({ row }) => row.startsWith("state:item-"))
            ? Promise.reject(new Error("power cut"))
            : table.transact(partition, operations);
        return { ...table, transact };
      },
    };
    return createEmulator({ tables, clock: this.clock, speed: 1, durations: "realistic", maxConcurrentOperations });
  }

  async load(world = smallWorld(2)): Promise<void> {
    this.worldId = world.id;
    await this.estate.loadWorld(world);
  }

  call<O extends ItemOperation>(
    operation: O,
    params: ItemOperations[O]["params"],
    itemId = "item-1",
    executionId = EXECUTION,
    key = `${executionId}/${operation}/${itemId}`,
  ): Promise<TaskReply<ItemOperations[O]["result"]>> {
    return this.estate.runOnItem({ worldId: this.worldId, executionId, key, itemId, operation, params });
  }

  /** Polls at the given times until the task has ended. */
  async ended<R>(ask: () => Promise<TaskReply<R>>): Promise<Exclude<TaskReply<R>, { state: "waiting" }>> {
    for (;;) {
      const reply = await ask();
      if (reply.state !== "waiting") return reply;
      if (reply.hanging) throw new Error("hangs");
      this.clock.goTo(reply.doneAt);
    }
  }

  async done<O extends ItemOperation>(
    operation: O,
    params: ItemOperations[O]["params"],
    itemId = "item-1",
    executionId = EXECUTION,
    key?: string,
  ): Promise<ItemOperations[O]["result"]> {
    const reply = await this.ended(() => this.call(operation, params, itemId, executionId, key));
    if (reply.state === "failed") throw new Error(`${operation}: [${reply.code}] ${reply.message}`);
    return reply.result;
  }

  async snapshot(itemId = "item-1"): Promise<ItemSnapshot> {
    const [item] = await this.estate.describeItems(this.worldId, [itemId]);
    if (item === undefined) throw new Error("no item");
    return item;
  }

  async promote(pointId: string, itemId = "item-1", epoch = 1): Promise<ItemOperations["promote-replica"]["result"]> {
    const result = await this.done("promote-replica", { pointId, epoch }, itemId);
    await this.done("start-replica", { epoch }, itemId);
    return result;
  }
}
