/**
 * What a caller sees in lists. A caller who may read everything sees everything. One whose roles are limited to plans
 * sees these plans, their executions and their worlds, as if there was nothing else: rows that are unreadable are not
 * named either, because nobody knows whose they are.
 *
 * Tests: test/unit/access/as-read-by.test.ts.
 */

import { type Caller, hasRight, hasRightOnPlan } from "../domain/access/caller.js";
import { rightsOf } from "../domain/access/roles.js";
import { mapInChunks } from "../domain/chunks.js";
import type { Execution } from "../domain/execution.js";
import type { PlanVersion } from "../domain/plans/plan.js";
import { defined } from "../domain/text.js";
import { readableOrNull } from "../executions/read-each.js";
import type { Page, PageRequest, Store } from "../store/port.js";
import type { Services } from "./context.js";

const MAX_READS_AT_ONCE = 50;

/** The services of a caller: its store lists, and shows of worlds, only what the caller may read. */
export function asReadBy<S extends Pick<Services, "store">>(services: S, caller: Caller): S {
  return hasRight(caller, "read")
    ? services
    : { ...services, store: { ...services.store, ...limited(services.store, caller) } };
}

type Lists = "listPlans" | "listExecutions" | "listUnsettled" | "listWorlds" | "getWorld";

function limited(store: Store, caller: Caller): Pick<Store, Lists> {
  const planIds = readablePlans(caller);
  const planOf = async (planId: string) => (await readableOrNull(() => store.getPlan(planId)))?.value ?? null;
  const mayRead = ({ subject }: Execution) => subject.kind === "plan" && hasRightOnPlan(caller, "read", subject.planId);
  const worldIds = async (): Promise<string[]> => {
    const plans = await mapInChunks(planIds, MAX_READS_AT_ONCE, planOf);
    return inOrder(plans.flatMap((found) => (found === null ? [] : [found.plan.worldId])));
  };
  return {
    listPlans: (page) => pageOfIds<PlanVersion>(planIds, page, planOf),
    listExecutions: (page) => readableExecutions(store, page, mayRead),
    async listUnsettled() {
      const watched = await store.listUnsettled();
      const executions = await mapInChunks(watched, MAX_READS_AT_ONCE, ({ value }) =>
        readableOrNull(() => store.getExecution(value.executionId)),
      );
      return watched.filter((_entry, at) => executions[at] != null && mayRead(executions[at].value));
    },
    listWorlds: async (page) =>
      pageOfIds(await worldIds(), page, (worldId) => readableOrNull(() => store.getWorld(worldId))),
    getWorld: async (worldId) => ((await worldIds()).includes(worldId) ? store.getWorld(worldId) : null),
  };
}

const inOrder = (ids: readonly string[]): string[] => [...new Set(ids)].sort();

const readablePlans = ({ grants }: Caller): string[] =>
  inOrder(grants.flatMap(({ role, planIds }) => (rightsOf(role).includes("read") ? (planIds ?? []) : [])));

/** A page of what is known by its ids. An id that leads nowhere leaves a gap. */
async function pageOfIds<T>(
  ids: readonly string[],
  { limit, cursor }: PageRequest,
  read: (id: string) => Promise<T | null>,
): Promise<Page<T>> {
  const left = cursor === undefined ? ids : ids.filter((id) => id > cursor);
  const asked = left.slice(0, limit);
  const entries = (await mapInChunks(asked, MAX_READS_AT_ONCE, read)).filter((entry) => entry !== null);
  return { entries, ...defined({ cursor: left.length > limit ? asked.at(-1) : undefined }) };
}

/** How often the list of all executions is read for one page. A page may then be short and still have a cursor. */
const MAX_READS = 10;

async function readableExecutions(
  store: Store,
  { limit, cursor }: PageRequest,
  mayRead: (execution: Execution) => boolean,
): Promise<Page<Execution>> {
  const entries: Execution[] = [];
  let next = cursor;
  for (let reads = 0; reads < MAX_READS && entries.length < limit; reads += 1) {
    const page = await store.listExecutions({ limit: limit - entries.length, ...defined({ cursor: next }) });
    entries.push(...page.entries.filter(mayRead));
    next = page.cursor;
    if (next === undefined) break;
  }
  return { entries, ...defined({ cursor: next }) };
}
