import type { ExecutionView } from "../../src/commands/execution-view.js";
import { listExecutions, viewExecution } from "../../src/commands/execution-view.js";
import { type ItemView, listItems } from "../../src/commands/items.js";
import type { Execution, StepRecord } from "../../src/domain/execution.js";
import type { ItemRecord } from "../../src/domain/items/item-record.js";
import { RESTING_STATES } from "../../src/domain/items/lifecycle.js";
import { type PlanVersion, PlanVersion as PlanVersionShape } from "../../src/domain/plans/plan.js";
import { World } from "../../src/domain/worlds/world.js";
import type { Page, PageRequest } from "../../src/store/port.js";
import { type Environment, servingContext } from "./client/environment.js";
import { estateOf } from "./collect-estate.js";
import type { Evidence, HubDump, Rest, StoreDump, Timing } from "./evidence.js";
import type { Infrastructure } from "./runtime/infrastructure.js";
import type { Journal } from "./runtime/tables.js";

const PAGE = 100;

interface CollectOptions {
  seed: number;
  parts: string[];
  environment: Environment;
  infrastructure: Infrastructure;
  timing: Timing;
  restedMs: number | null;
  moving(): string[];
}

/** Collects the evidence of a run, read from the stores themselves. */
export async function collect({
  seed,
  parts,
  environment,
  infrastructure,
  timing,
  restedMs,
  moving,
}: CollectOptions): Promise<Evidence> {
  const store = await storeOf(environment, infrastructure);
  return {
    seed,
    parts,
    world: World.parse(environment.world),
    plans: store.plans,
    estate: await estateOf(environment, infrastructure),
    store,
    hub: await hubOf(environment, infrastructure, store),
    client: environment.client.ledger,
    effects: infrastructure.effects,
    sightings: environment.sightings,
    injectedFaults: infrastructure.proxy.injectedFaults,
    timing,
    rest: restOf(store, restedMs, moving()),
    views: await viewsOf(environment, store),
    limits: infrastructure.limits,
  };
}

function restOf({ items }: StoreDump, atMs: number | null, moving: string[]): Rest {
  const held = items.flatMap(({ itemId, heldBy }) => (heldBy ? [`item ${itemId} held by ${heldBy.executionId}`] : []));
  const restless = items.flatMap(({ itemId, state }) => (RESTING_STATES.has(state) ? [] : [`item ${itemId} ${state}`]));
  const left = [...moving, ...held, ...restless];
  if (atMs === null) return { reached: false, why: "something was still active at the time limit", moving: left };
  if (left.length > 0)
    return { reached: false, why: "nothing was active, but not everything was at rest", moving: left };
  return { reached: true, atMs };
}

async function storeOf({ directStore, world, journal }: Environment, { tables }: Infrastructure): Promise<StoreDump> {
  const executions = await all<Execution>((page) => directStore.listExecutions(page));
  const steps: Record<string, StepRecord[]> = {};
  for (const { executionId } of executions) steps[executionId] = await directStore.getSteps(executionId);
  return {
    executions,
    steps,
    items: await all<ItemRecord>((page) => directStore.listItems(world.id, page)),
    plans: plansIn(journal),
    rows: await rowsOf(journal, tables),
    journal: journal.transactions,
  };
}

async function all<T>(list: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  const entries: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    entries.push(...page.entries);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return entries;
}

/** Every version that was ever current. */
function plansIn({ transactions }: Journal): PlanVersion[] {
  const written = transactions
    .filter(({ table, partition }) => table === "Plans" && partition === "plans")
    .flatMap(({ operations }) => operations.flatMap(({ json }) => (json === null ? [] : [json])));
  return written.map((json) => PlanVersionShape.parse(JSON.parse(json)));
}

async function rowsOf({ transactions }: Journal, tables: Infrastructure["tables"]): Promise<StoreDump["rows"]> {
  const partitions = new Set(transactions.map(({ table, partition }) => `${table}\n${partition}`));
  const rows: StoreDump["rows"] = [];
  for (const place of partitions) {
    const [table = "", partition = ""] = place.split("\n");
    const page = await tables.table(table).list(partition, { limit: Number.MAX_SAFE_INTEGER });
    rows.push(...page.rows.map(({ row, schema, json }) => ({ table, partition, row, schema, json })));
  }
  return rows;
}

async function hubOf(
  environment: Environment,
  infrastructure: Infrastructure,
  { executions }: StoreDump,
): Promise<HubDump> {
  const { history, hubRecord } = infrastructure;
  const { instances: stored } = await history.listInstances({}, Number.MAX_SAFE_INTEGER);
  const instances: HubDump["instances"] = [];
  for (const { instanceId } of stored) {
    const instance = await history.readInstance(instanceId);
    if (instance) instances.push({ instance, history: (await history.readExecution(instanceId)) ?? null });
  }
  const hub = environment.cluster.serving?.hub;
  const states = hub ? await Promise.all(executions.map(({ executionId }) => hub.get(executionId))) : [];
  const { commits, messages, log } = hubRecord;
  return { instances, states: states.flatMap((state) => state ?? []), commits, messages, log };
}

/** What the product reports about itself. Failures to report are recorded. */
async function viewsOf(environment: Environment, { executions }: StoreDump): Promise<Evidence["views"]> {
  const context = servingContext(environment);
  const failed: string[] = [];
  const views: ExecutionView[] = [];
  let items: ItemView[] = [];
  if (!context) return { executions: views, items, failed: ["no host serves"] };
  const note = (what: string) => (thrown: unknown) => {
    failed.push(`${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  };
  for (const { executionId } of executions) {
    await viewExecution(context, executionId).then((view) => views.push(view), note(executionId));
  }
  await all<ItemView>((page) => listItems(context, environment.world.id, page)).then((found) => {
    items = found;
  }, note("items"));
  await listExecutions(context, { limit: 1 }).catch(note("executions"));
  return { executions: views, items, failed };
}
