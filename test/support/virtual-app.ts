import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { type LoadedApp, loadFunctionApp } from "../../host/app/load-app.js";
import {
  type ActivityCall,
  type ActivityEnd,
  EngineTaskHub,
  runInVirtualTime,
  VirtualClock,
} from "../../host/durable/engine/index.js";
import { MemoryHistoryStore } from "../../host/durable/store/memory-store.js";
import { type Logger, silentLogger } from "../../host/logger.js";
import { ACTIVITIES } from "../../src/activities/index.js";
import { voidApprovalsOfPlan } from "../../src/commands/approvals.js";
import type { Context } from "../../src/commands/context.js";
import { confirmAction, resolveFailure, validateExecution } from "../../src/commands/decisions.js";
import { type ExecutionView, viewExecution } from "../../src/commands/execution-view.js";
import { importWorld } from "../../src/commands/import-world.js";
import { getPlan, savePlan } from "../../src/commands/plans.js";
import { type StartRequest, startExecution } from "../../src/commands/start-execution.js";
import { STARTING_ACTIVITIES } from "../../src/commands/starting-activities.js";
import { ExecutionOptions } from "../../src/domain/execution.js";
import type { ItemRecord } from "../../src/domain/items/item-record.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import { Plan, type PlanInput } from "../../src/domain/plans/plan.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import { type TargetSettings, World, type WorldInput } from "../../src/domain/worlds/world.js";
import { publishEvent } from "../../src/executions/contracts.js";
import { executionGuard } from "../../src/executions/execution-guard.js";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import { localIdentity } from "../../src/identity/local.js";
import { Endpoints } from "../../src/notifications/endpoints.js";
import type { Ports } from "../../src/ports.js";
import { createStore } from "../../src/store/store.js";
import { createMemoryTables } from "../../src/store/tables/memory-tables.js";
import type { Tables } from "../../src/store/tables/port.js";
import { type Answers, type Decision, finish } from "./execution-driver.js";
import { orchestrationsOf } from "./orchestrations.js";
import { DeliveryTimer } from "./virtual-timer.js";

export const APP_FOLDER = fileURLToPath(new URL("app", import.meta.url));
const SHOP = new URL("../../samples/shop/", import.meta.url);

const readSample = async (file: string): Promise<unknown> => parse(await readFile(new URL(file, SHOP), "utf8"));

export interface VirtualAppOptions {
  replay?: "normal" | "every-step";
  /** Real seconds are emulated seconds in virtual time, so nothing needs to be fast. */
  durations?: "realistic" | "zero";
  logger?: Logger;
  /** Operations that each hypervisor does at once. */
  maxConcurrentOperations?: number;
  /** The tables of the store and of the estate. */
  tables?: (tables: Tables) => Tables;
  /** What an activity acts on: faults that commands do not meet. */
  activities?: (ports: Ports, call: ActivityCall) => Ports;
  onActivity?: (call: ActivityCall, end: ActivityEnd) => void;
}

/** The orchestrators, activities and commands in this process, over memory and in virtual time; everything but HTTP. */
export class VirtualApp {
  readonly clock = new VirtualClock();
  /** The secrets that the app is configured with, by their names. */
  readonly secrets = new Map<string, string>();
  readonly context: Context;
  readonly hub: EngineTaskHub;
  readonly delivery: DeliveryTimer;
  worldId = "shop";
  planId = "shop";

  private constructor(app: LoadedApp, options: VirtualAppOptions) {
    const { replay = "normal", durations = "realistic", logger, maxConcurrentOperations = 100 } = options;
    const tables = options.tables?.(createMemoryTables()) ?? createMemoryTables();
    const store = createStore(tables);
    const emulator = createEmulator({ tables, clock: this.clock, speed: 1, durations, maxConcurrentOperations });
    this.hub = new EngineTaskHub({
      hubName: "Virtual",
      app,
      store: new MemoryHistoryStore(),
      clock: this.clock,
      logger: logger ?? silentLogger,
      replay,
      activities: async (call) => {
        const ports = options.activities?.(this.context, call);
        const end = await runActivity({ ...this.context, ...ports }, call);
        if (call.name === publishEvent.name) await this.delivery.set(this.context);
        options.onActivity?.(call, end);
        return end;
      },
      maxConcurrentOrchestrators: 20,
      maxConcurrentActivities: 20,
    });
    this.delivery = new DeliveryTimer(this.hub, this.clock);
    this.context = {
      store,
      hypervisor: emulator,
      estate: emulator,
      clock: this.clock,
      secrets: { get: (name) => this.secrets.get(name) },
      hash: (text) => createHash("sha256").update(text).digest("hex"),
      identity: localIdentity,
      endpoints: new Endpoints(),
      settings: { speed: 1, stepLimitMs: 4 * 3_600_000, allowPrivateWebhooks: true, publicBaseUrl: null },
      orchestrations: orchestrationsOf(this.hub),
      ...executionGuard(store, this.clock),
    };
  }

  static async open(options: VirtualAppOptions = {}): Promise<VirtualApp> {
    const app = await loadFunctionApp({ directory: APP_FOLDER, logger: silentLogger });
    const virtual = new VirtualApp(app, options);
    await virtual.hub.open();
    return virtual;
  }

  close(): Promise<void> {
    return this.hub.close();
  }

  /** Imports the sample shop and lets five hours pass, after which there are recovery points of every kind. */
  async loadShop(change: (plan: PlanInput) => PlanInput = (plan) => plan): Promise<void> {
    await importWorld(this.context, World.parse(await readSample("world.yaml")));
    await this.pass(5 * 3_600_000);
    await savePlan(this.context, Plan.parse(change((await readSample("plan.yaml")) as PlanInput)), null, "planner");
  }

  /** Imports an estate with its plan, and lets as much time pass. */
  async load({ world, plan }: { world: WorldInput; plan: PlanInput }): Promise<void> {
    await importWorld(this.context, World.parse(world));
    await this.pass(5 * 3_600_000);
    const saved = Plan.parse(plan);
    await savePlan(this.context, saved, null, "planner");
    this.worldId = saved.worldId;
    this.planId = saved.id;
  }

  /** Saves the plan with a change, as its next version. */
  async changePlan(change: (plan: Plan) => Plan, person = "planner"): Promise<void> {
    const { value, etag } = await getPlan(this.context, this.planId);
    const { value: saved } = await savePlan(this.context, change(value.plan), etag, person);
    await voidApprovalsOfPlan(this.context, this.planId, saved.version);
  }

  /** Imports the shop again with other target settings for one item. */
  async retarget(itemId: string, target: TargetSettings): Promise<void> {
    const world = World.parse(await readSample("world.yaml"));
    const items = world.items.map((item) => (item.id === itemId ? { ...item, target } : item));
    await importWorld(this.context, { ...world, items }, "reset");
    await this.pass(5 * 3_600_000);
  }

  /** Advances virtual time. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.now() + ms;
    this.clock.at(endMs, () => undefined);
    await runInVirtualTime(this.hub, this.clock, () => this.clock.now() >= endMs);
  }

  async start(verb: Verb, options: Partial<ExecutionOptions> = {}, target?: StartRequest["target"]): Promise<string> {
    const { executionId } = await startExecution(this.context, {
      idempotencyKey: randomUUID(),
      target: target ?? { kind: "plan", planId: this.planId },
      verb,
      options: ExecutionOptions.parse(options),
      requestedBy: "tester",
    });
    return executionId;
  }

  /** Runs until the execution is as wanted. */
  async until(executionId: string, wanted: (view: ExecutionView) => boolean): Promise<ExecutionView> {
    let view = await viewExecution(this.context, executionId);
    await runInVirtualTime(this.hub, this.clock, async () => {
      view = await viewExecution(this.context, executionId);
      return wanted(view);
    });
    return view;
  }

  /** Runs until the execution waits for a person. */
  awaiting(executionId: string, kind: "confirm" | "validate"): Promise<ExecutionView> {
    return this.until(executionId, ({ awaits, execution }) => {
      if (isEnded(execution.status)) throw new Error(`it ended: ${JSON.stringify(execution)}`);
      return awaits.some((awaited) => awaited.kind === kind);
    });
  }

  /** Reads the record alone at each moment: the steps of all items are expensive to collect. */
  async ended(executionId: string): Promise<ExecutionView> {
    const { store } = this.context;
    await runInVirtualTime(this.hub, this.clock, async () => {
      return isEnded((await store.getExecution(executionId))?.value.status ?? "running");
    });
    return viewExecution(this.context, executionId);
  }

  /** Runs until the orchestration has completed, which still sends notifications after the end of its execution. */
  async completed(executionId: string): Promise<void> {
    const { orchestrations } = this.context;
    await runInVirtualTime(this.hub, this.clock, async () => {
      return (await orchestrations.getStatus(executionId))?.runtimeStatus !== "Running";
    });
  }

  /** Runs a verb of the plan to its end and answers what it asks for. It must succeed. */
  async run(verb: Verb, options: Partial<ExecutionOptions> = {}, answers: Answers = {}): Promise<ExecutionView> {
    const view = await this.attempt(verb, options, answers);
    if (view.status !== "succeeded") throw new Error(`${verb} ended ${JSON.stringify(view.execution)}`);
    return view;
  }

  /** Runs a verb of the plan to any end and answers what it asks for. */
  async attempt(verb: Verb, options: Partial<ExecutionOptions> = {}, answers: Answers = {}): Promise<ExecutionView> {
    return finish(this, await this.start(verb, options), answers);
  }

  /** Runs a verb of one item to any end. */
  async attemptOn(itemId: string, verb: Verb, options: Partial<ExecutionOptions> = {}): Promise<ExecutionView> {
    return finish(this, await this.start(verb, options, { kind: "item", worldId: this.worldId, itemId }));
  }

  async decide(executionId: string, decision: Decision): Promise<void> {
    const by = "operator";
    switch (decision.kind) {
      case "confirm": {
        const { actionId, ask, done } = decision;
        await confirmAction(this.context, executionId, { actionId, ask, done, by, note: "" });
        return;
      }
      case "validate":
        await validateExecution(this.context, executionId, { verdict: decision.verdict, by, reason: "looked at it" });
        return;
      case "resolve": {
        const { ask, answer } = decision;
        await resolveFailure(this.context, executionId, { ask, answer, by, reason: "" });
      }
    }
  }

  /** Confirms the sample's manual action when the execution gets there. */
  async confirm(executionId: string, done = true): Promise<void> {
    const { awaits } = await this.awaiting(executionId, "confirm");
    const ask = awaits.flatMap((asked) => (asked.kind === "confirm" ? [asked.ask] : []))[0] ?? 1;
    await this.decide(executionId, { kind: "confirm", actionId: "check-orders", ask, done });
  }

  /** Accepts or rejects the result when the execution gets to its validation. */
  async validate(executionId: string, verdict: "accept" | "reject" = "accept"): Promise<void> {
    await this.awaiting(executionId, "validate");
    await this.decide(executionId, { kind: "validate", verdict });
  }

  /** The states of all items, each once. */
  async states(): Promise<string[]> {
    return [...new Set((await this.items()).map(({ state }) => state))].sort();
  }

  async item(itemId: string): Promise<ItemRecord> {
    const [item] = await this.context.store.getItems(this.worldId, [itemId]);
    if (!item) throw new Error(`no item ${itemId}`);
    return item;
  }

  async items(): Promise<ItemRecord[]> {
    return (await this.context.store.listItems(this.worldId, { limit: 100 })).entries;
  }
}

const ACTIVITIES_BY_NAME = new Map(
  [...ACTIVITIES, ...STARTING_ACTIVITIES].map((activity) => [activity.name, activity]),
);

async function runActivity(context: Context, call: ActivityCall): Promise<ActivityEnd> {
  try {
    const activity = ACTIVITIES_BY_NAME.get(call.name);
    if (!activity) throw new Error(`no activity ${call.name}`);
    const answer = await activity.handle(context, JSON.parse(call.input ?? "null"));
    return { ok: true, result: JSON.stringify(answer) };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const reason = `Activity function '${call.name}' failed:  ${message}`;
    return { ok: false, reason, details: JSON.stringify({ Message: message }), failureDetails: null };
  }
}
