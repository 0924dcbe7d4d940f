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
import { ManualClock, smallPlan, smallWorld } from "../../../../test/support/worlds.js";
import { sha256 } from "../../../support/hash.js";
import type { ClientEntry, EstateItem, EstateSite, Evidence, RowCorruption, Transaction } from "../../evidence.js";

/** The id of an execution by its number. */
export const executionIdOf = (number: number): string => `00000000-0000-8000-8000-${String(number).padStart(12, "0")}`;

/** Tables that keep every accepted write of an estate's state. */
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

interface EffectOptions {
  executionId?: string;
  step?: string;
  subject?: string;
  /** The owner of the key when it is another execution: a clean-up acts under the key of the test. */
  keyOf?: string;
}

const SERVER = { processServerId: "ps", name: "ps", networkId: "net", subnet: "a", ip: "10.0.0.9" };

/** Builds the evidence of a run by hand: effects on a real emulated estate, and hand-written records. */
export class EvidenceBuilder {
  readonly clock = new ManualClock();
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
    this.evidence = emptyEvidence(world, this.clock.now());
  }

  static async create(items = 1): Promise<EvidenceBuilder> {
    const builder = new EvidenceBuilder(items);
    await builder.#estate.loadWorld(builder.evidence.world);
    builder.plan();
    builder.clock.pass(5 * 3_600);
    return builder;
  }

  #note(row: string, json: string): void {
    if (!row.startsWith("state:")) return;
    const state = JSON.parse(json) as EmulatedItem | EmulatedSite;
    const at = { n: this.evidence.store.journal.length, atMs: this.clock.now() };
    const place = { worldId: "small", load: 1 };
    if (state.kind === "item") {
      const known = this.#items.get(state.id) ?? { ...place, itemId: state.id, ledger: [], states: [], truth: null };
      known.states.push({ ...at, state });
      this.#items.set(state.id, known);
    } else {
      const known = this.#sites.get(state.id) ?? { ...place, siteId: state.id, ledger: [], states: [], truth: null };
      known.states.push({ ...at, state });
      this.#sites.set(state.id, known);
    }
  }

  /** Runs one operation on an item to its end, under the key of its step. */
  async item<O extends ItemOperation>(
    operation: O,
    params: ItemOperations[O]["params"],
    { executionId = executionIdOf(1), step = operation, subject = "item-1", keyOf = executionId }: EffectOptions = {},
  ): Promise<TaskReply<ItemOperations[O]["result"]>> {
    const key = `${keyOf}/${step}/${subject}`;
    return this.#runToEnd(() =>
      this.#estate.runOnItem({ worldId: "small", executionId, key, itemId: subject, operation, params }),
    );
  }

  async site(operation: SiteOperation, did: EffectOptions = {}): Promise<void> {
    await this.#runToEnd(() => this.#onSite(operation, did));
  }

  /** Runs one operation at the site to its end without reading the result. */
  async siteWithoutRead(operation: SiteOperation, did: EffectOptions = {}): Promise<void> {
    const reply = await this.#onSite(operation, did);
    if (reply.state === "waiting") this.clock.goTo(reply.doneAt);
  }

  #onSite(
    operation: SiteOperation,
    { executionId = executionIdOf(1), step = operation, keyOf = executionId }: EffectOptions,
  ) {
    const task = { worldId: "small", executionId, key: `${keyOf}/${step}/away`, siteId: "away", operation };
    return this.#estate.runOnSite({ ...task, params: SERVER });
  }

  async #runToEnd<R>(call: () => Promise<TaskReply<R>>): Promise<TaskReply<R>> {
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

  simulateSourceReturn(itemId = "item-1"): Promise<void> {
    return this.#estate.simulateSourceReturn("small", itemId);
  }

  /** Saves a version of the plan, over all items by default. */
  plan(changes: Parameters<typeof smallPlan>[1] = {}): PlanVersion {
    const itemIds = this.evidence.world.items.map(({ id }) => id);
    const plan = smallPlan(itemIds, { validation: { required: false }, ...changes });
    const saved = { savedAt: this.at, savedBy: "operator" };
    const version = { plan, version: this.evidence.plans.length + 1, hash: planHash(plan, sha256), ...saved };
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

  record(changes: Partial<ItemRecord>, itemId = "item-1"): ItemRecord {
    const { items } = this.evidence.store;
    const known = items.find((item) => item.itemId === itemId) ?? freshRecord(itemId);
    const record = { ...known, ...changes };
    this.evidence.store.items = [...items.filter((item) => item.itemId !== itemId), record];
    this.#write("Items", "small", itemId, record);
    return record;
  }

  /** An execution takes an item. */
  hold(number: number, verb: Verb, state: ItemRecord["state"], itemId = "item-1"): void {
    const from = this.evidence.store.items.find((item) => item.itemId === itemId)?.state ?? "protected";
    this.record({ state, heldBy: { executionId: executionIdOf(number), verb, from } }, itemId);
  }

  execution(number: number, verb: Verb, changes: object = {}): Execution {
    const { executions } = this.evidence.store;
    const executionId = executionIdOf(number);
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
      requestedBy: "operator",
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
    this.evidence.store.steps[executionIdOf(number)] = [{ part: "execution", steps }];
    return this.execution(number, verb, { status: "succeeded", endedAt: this.at, outcomes, ...changes });
  }

  /** A decision that the hub acknowledged. */
  decided(number: number, data: object): void {
    const { messages } = this.evidence.hub;
    const place = { atMs: this.clock.now(), generation: 1, instanceId: executionIdOf(number), name: "decision" };
    messages.push({ ...place, key: String(messages.length), data: JSON.stringify(data), answered: true });
  }

  /** A row that could not be read for a while. */
  corruption(changes: Partial<RowCorruption>): void {
    const atMs = this.clock.now();
    this.evidence.injectedFaults.push({
      ...{
        atMs,
        kind: "row-corruption",
        what: "item",
        row: "small/item-1",
        ownerId: "item-1",
        instanceId: null,
        remedy: "repair",
      },
      ...{ answer: null, observedMs: atMs, hubReason: null, suspended: [], repairedMs: atMs, overwritten: false },
      ...changes,
    });
  }

  request(request: ClientEntry["request"], changes: Partial<ClientEntry> = {}): ClientEntry {
    const atMs = this.clock.now();
    const entry: ClientEntry = {
      n: this.evidence.client.length + 1,
      ...{ atMs, endedMs: atMs, generation: 1, request, repeats: null, outcome: "ok", code: null, answer: null },
      executionId: null,
      ...changes,
    };
    this.evidence.client.push(entry);
    return entry;
  }

  /** The evidence so far, with the ledgers of the estate. */
  async build(): Promise<Evidence> {
    for (const item of this.#items.values()) {
      item.ledger = await this.#estate.ledger("small", { itemId: item.itemId });
      item.truth = await this.#estate.groundTruth("small", item.itemId);
    }
    for (const site of this.#sites.values()) {
      site.ledger = await this.#estate.ledger("small", { siteId: site.siteId });
      site.truth = await this.#estate.describeSite("small", site.siteId);
    }
    this.evidence.estate = { items: [...this.#items.values()], sites: [...this.#sites.values()], events: [] };
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
  ...{ recoveryPoint: null, dataLoss: null },
  ...{ lastTestFailoverAt: null, lastTestFailbackAt: null, lastFailoverAt: null },
  conditions: [],
});

/** A run in which nothing happened. */
function emptyEvidence(world: Evidence["world"], nowMs: number): Evidence {
  return {
    seed: 0,
    world,
    plans: [],
    estate: { items: [], sites: [], events: [] },
    store: { executions: [], steps: {}, items: [], plans: [], rows: [], journal: [] },
    hub: { instances: [], states: [], commits: [], messages: [], log: [] },
    client: [],
    ...{ effects: { activities: [], operations: [], webhooks: [] }, sightings: [] },
    injectedFaults: [],
    timing: { beganMs: nowMs, faultsOffMs: nowMs, endedMs: nowMs },
    rest: { reached: true, atMs: nowMs },
    views: { executions: [], items: [], failed: [] },
    limits: { operationConcurrency: 2, hypervisorConcurrency: 10, activityConcurrency: 2, orchestratorConcurrency: 2 },
  };
}
