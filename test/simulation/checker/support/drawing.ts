import { createHash } from "node:crypto";
import type { Execution, ItemOutcome } from "../../../../src/domain/execution.js";
import { ExecutionOptions } from "../../../../src/domain/execution.js";
import { planHash } from "../../../../src/domain/identity.js";
import type { ItemRecord } from "../../../../src/domain/items/item-record.js";
import type { PlanVersion } from "../../../../src/domain/plans/plan.js";
import { toInstant } from "../../../../src/domain/text.js";
import type { Verb } from "../../../../src/domain/vocabulary.js";
import { createEmulator } from "../../../../src/hypervisor/emulator/emulator.js";
import type { EmulatedItem, EmulatedSite } from "../../../../src/hypervisor/emulator/state.js";
import type { ItemOperation, ItemOperations, SiteOperation, TaskReply } from "../../../../src/hypervisor/port.js";
import { createMemoryTables } from "../../../../src/store/tables/memory-tables.js";
import type { Tables } from "../../../../src/store/tables/port.js";
import { HandClock, smallPlan, smallWorld } from "../../../support/worlds.js";
import type { ClientEntry, EstateItem, EstateSite, Evidence, Poison, Transaction } from "../../evidence.js";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The id of an execution by its number. */
export const run = (number: number): string => `00000000-0000-8000-8000-${String(number).padStart(12, "0")}`;

/** The tables with every accepted write of an estate's state kept. */
function watched(tables: Tables, note: (row: string, json: string) => void): Tables {
  return {
    table: (name) => {
      const table = tables.table(name);
      return {
        ...table,
        transact: async (partition, operations) => {
          const etags = await table.transact(partition, operations);
          for (const operation of operations) if ("json" in operation) note(operation.row, operation.json);
          return etags;
        },
      };
    },
  };
}

interface Did {
  executionId?: string;
  step?: string;
  subject?: string;
  /** Whose key it is, when that is another execution: a clean-up acts for the test. */
  keyOf?: string;
}

/** Draws the evidence of a run by hand: effects on a real emulated estate, and records as somebody might write them. */
export class Drawing {
  readonly clock = new HandClock();
  readonly evidence: Evidence;
  readonly #estate;
  readonly #items = new Map<string, EstateItem>();
  readonly #sites = new Map<string, EstateSite>();

  private constructor(items: number) {
    const world = smallWorld(items);
    this.#estate = createEmulator({
      tables: watched(createMemoryTables(), (row, json) => this.#note(row, json)),
      clock: this.clock,
      speed: 1,
      durations: "realistic",
    });
    this.evidence = blank(world, this.clock.now());
  }

  static async of(items = 1): Promise<Drawing> {
    const drawing = new Drawing(items);
    await drawing.#estate.loadWorld(drawing.evidence.world);
    drawing.plan();
    drawing.clock.pass(5 * 3_600);
    return drawing;
  }

  #note(row: string, json: string): void {
    if (!row.startsWith("state:")) return;
    const state = JSON.parse(json) as EmulatedItem | EmulatedSite;
    const atMs = this.clock.now();
    const place = { worldId: "small", load: 1 };
    if (state.kind === "item") {
      const known = this.#items.get(state.id) ?? { ...place, itemId: state.id, ledger: [], states: [], truth: null };
      known.states.push({ atMs, state });
      this.#items.set(state.id, known);
    } else {
      const known = this.#sites.get(state.id) ?? { ...place, siteId: state.id, ledger: [], states: [], truth: null };
      known.states.push({ atMs, state });
      this.#sites.set(state.id, known);
    }
  }

  /** Does one operation on an item to its end, under the key of its step. */
  async item<O extends ItemOperation>(
    operation: O,
    params: ItemOperations[O]["params"],
    { executionId = run(1), step = operation, subject = "item-1", keyOf = executionId }: Did = {},
  ): Promise<TaskReply<ItemOperations[O]["result"]>> {
    const key = `${keyOf}/${step}/${subject}`;
    return this.#toItsEnd(() =>
      this.#estate.runOnItem({ worldId: "small", executionId, key, itemId: subject, operation, params }),
    );
  }

  async site(operation: SiteOperation, did: Did = {}): Promise<void> {
    await this.#toItsEnd(() => this.#onSite(operation, did));
  }

  /** Begins one at the site; it comes to its end and nobody looks. */
  async siteUnseen(operation: SiteOperation, did: Did = {}): Promise<void> {
    const reply = await this.#onSite(operation, did);
    if (reply.state === "waiting") this.clock.goTo(reply.doneAt);
  }

  #onSite(operation: SiteOperation, { executionId = run(1), step = operation, keyOf = executionId }: Did) {
    const task = { worldId: "small", executionId, key: `${keyOf}/${step}/away`, siteId: "away", operation };
    return this.#estate.runOnSite({ ...task, params: { processServerId: "ps" } });
  }

  async #toItsEnd<R>(call: () => Promise<TaskReply<R>>): Promise<TaskReply<R>> {
    for (;;) {
      const reply = await call();
      if (reply.state !== "waiting") return reply;
      this.clock.goTo(reply.doneAt);
    }
  }

  async newestPoint(itemId = "item-1"): Promise<string> {
    const { points } = await this.#estate.recoveryPoints("small", itemId);
    return points[0]?.id ?? "none";
  }

  sourceComesBack(itemId = "item-1"): Promise<void> {
    return this.#estate.sourceComesBack("small", itemId);
  }

  /** A version of the plan, over all items unless said otherwise. */
  plan(changes: Parameters<typeof smallPlan>[1] = {}): PlanVersion {
    const plan = smallPlan(
      this.evidence.world.items.map(({ id }) => id),
      { validation: { required: false }, ...changes },
    );
    const version = { plan, version: this.evidence.plans.length + 1, hash: planHash(plan, sha256), savedAt: this.at };
    this.evidence.plans.push(version);
    return version;
  }

  get at(): string {
    return toInstant(this.clock.now());
  }

  #write(table: string, partition: string, row: string, value: unknown): void {
    const { journal } = this.evidence.store;
    const transaction: Transaction = {
      n: journal.length + 1,
      atMs: this.clock.now(),
      table,
      partition,
      generation: 1,
      answered: true,
      operations: [{ kind: "put", row, json: JSON.stringify(value) }],
    };
    journal.push(transaction);
  }

  /** Writes an item's record. */
  record(changes: Partial<ItemRecord>, itemId = "item-1"): ItemRecord {
    const { items } = this.evidence.store;
    const known = items.find((item) => item.itemId === itemId) ?? freshRecord(itemId);
    const record = { ...known, ...changes };
    this.evidence.store.items = [...items.filter((item) => item.itemId !== itemId), record];
    this.#write("Items", "small", itemId, record);
    return record;
  }

  /** An execution takes an item up. */
  hold(number: number, verb: Verb, state: ItemRecord["state"], itemId = "item-1"): void {
    const from = this.evidence.store.items.find((item) => item.itemId === itemId)?.state ?? "protected";
    this.record({ state, heldBy: { executionId: run(number), verb, from } }, itemId);
  }

  /** Writes an execution's record. */
  execution(number: number, verb: Verb, changes: object = {}): Execution {
    const { executions } = this.evidence.store;
    const executionId = run(number);
    const known = executions.find((execution) => execution.executionId === executionId);
    const version = this.evidence.plans.at(-1);
    const fresh = {
      executionId,
      idempotencyKey: `key-${number}`,
      worldId: "small",
      subject: { kind: "plan", planId: "plan", planVersion: version?.version ?? 1 },
      verb,
      direction: "primary-to-recovery",
      planHash: version?.hash ?? "",
      itemIds: this.evidence.world.items.map(({ id }) => id),
      options: ExecutionOptions.parse({}),
      requestedBy: "tester",
      requestedAt: this.at,
      status: "running",
    };
    const execution = { ...fresh, ...known, ...changes } as Execution;
    this.evidence.store.executions = [...executions.filter((other) => other.executionId !== executionId), execution];
    this.#write("Executions", executionId, "record", execution);
    return execution;
  }

  ended(number: number, verb: Verb, outcomes: readonly ItemOutcome[], changes: object = {}): Execution {
    const groups = this.evidence.plans.at(-1)?.plan.groups ?? [];
    const steps = groups.map(({ id }) => ({ id: `groups/${id}`, title: id, status: "succeeded" as const }));
    this.evidence.store.steps[run(number)] = [{ part: "execution", steps }];
    return this.execution(number, verb, { status: "succeeded", endedAt: this.at, outcomes, ...changes });
  }

  /** A decision that the hub acknowledged. */
  decided(number: number, data: object): void {
    const { messages } = this.evidence.hub;
    const place = { atMs: this.clock.now(), generation: 1, instanceId: run(number), name: "decision" };
    messages.push({ ...place, key: String(messages.length), data: JSON.stringify(data), answered: true });
  }

  /** A row that could not be read for a while. */
  poison(changes: Partial<Poison>): void {
    const atMs = this.clock.now();
    this.evidence.disturbances.push({
      ...{ atMs, kind: "poison", what: "item", row: "small/item-1", of: "item-1", instanceId: null, remedy: "mend" },
      ...{ answer: null, askedMs: atMs, shown: null, standing: [], remediedMs: atMs, overwritten: false },
      ...changes,
    });
  }

  asked(asked: ClientEntry["asked"], changes: Partial<ClientEntry> = {}): ClientEntry {
    const atMs = this.clock.now();
    const entry: ClientEntry = {
      n: this.evidence.client.length + 1,
      ...{ atMs, endedMs: atMs, generation: 1, asked, repeats: null, outcome: "ok", code: null, answer: null },
      executionId: null,
      ...changes,
    };
    this.evidence.client.push(entry);
    return entry;
  }

  /** The evidence as it stands, with the ledgers of the estate. */
  async done(): Promise<Evidence> {
    for (const item of this.#items.values()) {
      item.ledger = await this.#estate.ledger("small", { itemId: item.itemId });
      item.truth = await this.#estate.groundTruth("small", item.itemId);
    }
    for (const site of this.#sites.values()) {
      site.ledger = await this.#estate.ledger("small", { siteId: site.siteId });
      site.truth = await this.#estate.describeSite("small", site.siteId);
    }
    this.evidence.estate = { items: [...this.#items.values()], sites: [...this.#sites.values()], happenings: [] };
    return structuredClone(this.evidence);
  }
}

const freshRecord = (itemId: string): ItemRecord => ({
  worldId: "small",
  itemId,
  name: itemId,
  scenario: "vmware-to-azure",
  policyId: "policy",
  replicationGroupId: null,
  state: "protected",
  reason: null,
  direction: "primary-to-recovery",
  activeSiteId: "home",
  epoch: 0,
  heldBy: null,
  recoveryPoint: null,
  dataLoss: null,
  lastTestFailoverAt: null,
  lastFailoverAt: null,
  conditions: [],
});

/** A run in which nothing happened. */
function blank(world: Evidence["world"], nowMs: number): Evidence {
  return {
    seed: 0,
    world,
    plans: [],
    estate: { items: [], sites: [], happenings: [] },
    store: { executions: [], steps: {}, items: [], plans: [], rows: [], journal: [] },
    hub: { instances: [], states: [], commits: [], messages: [], log: [] },
    client: [],
    effects: { activities: [], operations: [], webhooks: [] },
    disturbances: [],
    timing: { beganMs: nowMs, faultsOffMs: nowMs, endedMs: nowMs },
    rest: { reached: true, atMs: nowMs },
    views: { executions: [], items: [], failed: [] },
    limits: { operationsAtOnce: 2, hypervisorOperations: 10, activitiesAtOnce: 2, orchestratorsAtOnce: 2 },
  };
}
