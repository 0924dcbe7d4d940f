/**
 * The versions of plans. Shown in store-records.suite.ts and crash-points.test.ts:
 *
 * P1. A version that was saved stays readable, whatever follows: it is archived before it is replaced or removed
 *     ("a save that dies after any of its writes loses no version").
 * P2. A version number is never used twice. A removed plan leaves its last number in its row, and a plan of the same id
 *     continues from there ("a plan that is saved again after its removal gets the next version").
 * P3. A save or a removal replaces exactly the version that the caller saw ("of two saves of the same version…").
 * P4. A version never changes and its number is never used again (P2), so a process reads it once ("a version is read
 *     once…"). The current version of a plan is always read.
 * P5. A plan that wants approvals is in the list of those of its world before its version is, with every item that it
 *     may hold, and never leaves the list, so that no reader of the list misses one ("plans that want approvals are found
 *     by their world and items"). One that is unreadable concerns its own items only ("a damaged plan…").
 */
import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { type Plan, PlanVersion } from "../domain/plans/plan.js";
import { defined, Id } from "../domain/text.js";
import { pageOf } from "./paging.js";
import type { Page, PageRequest, Saved, Tagged } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Row, type RowOperation, type Table, TableConflict } from "./tables/port.js";
import { type Update, updateWithRetry } from "./update-with-retry.js";

const PLAN: Codec<PlanVersion> = { what: "plan", schema: 1, shape: PlanVersion };

/** What is left of a removed plan in its row: the number of its last version. */
const Removed = z.strictObject({ removed: z.literal(true), version: z.int().min(1) });
const CURRENT_PLAN: Codec<PlanVersion | z.infer<typeof Removed>> = {
  what: "plan",
  schema: 1,
  shape: z.union([PlanVersion, Removed]),
};

/** The current versions share a partition. The earlier versions of each plan have their own. */
const CURRENT = "plans";
const earlierOf = (planId: string): string => `plan-${planId}`;
const guardsOf = (worldId: string): string => `guards-${worldId}`;

/** Written before the version that wants approvals: the items that the plan may hold once it is saved. */
const Guard = z.strictObject({ planId: Id, version: z.int().min(1), itemIds: z.array(Id) });
const GUARD: Codec<z.infer<typeof Guard>> = { what: "guard", schema: 2, shape: Guard };
const versionRow = (version: number): string => String(version).padStart(10, "0");

/** The row of a plan: its current version, or null if it was removed, and the last number that was used. */
interface Current {
  value: PlanVersion | null;
  lastVersion: number;
  etag: string;
}

function read(row: Row): Current {
  const value = decode(CURRENT_PLAN, row);
  return { value: "removed" in value ? null : value, lastVersion: value.version, etag: row.etag };
}

async function getCurrent(table: Table, planId: string): Promise<Current | null> {
  const row = await table.get(CURRENT, planId);
  return row === null ? null : read(row);
}

const tagged = (current: Current | null): Tagged<PlanVersion> | null =>
  current?.value ? { value: current.value, etag: current.etag } : null;

export async function getPlan(table: Table, planId: string): Promise<Tagged<PlanVersion> | null> {
  return tagged(await getCurrent(table, planId));
}

/**
 * Saves the next version. If the current version is not the one that the caller saw but has the same content, this is a
 * repeated save whose response was lost.
 */
export async function putPlan(
  table: Table,
  plan: Plan,
  hash: string,
  saved: Saved,
  ifMatch: string | null,
): Promise<Tagged<PlanVersion>> {
  const current = await getCurrent(table, plan.id);
  const seen = tagged(current);
  if ((seen?.etag ?? null) !== ifMatch) return savedBefore(seen, plan.id, hash, ifMatch);
  const version = (current?.lastVersion ?? 0) + 1;
  const value: PlanVersion = { plan, version, hash, savedAt: saved.at, savedBy: saved.by };
  const columns = encode(CURRENT_PLAN, plan.id, value);
  try {
    if (seen !== null) await archive(table, seen.value);
    if ((plan.approvals ?? []).length > 0) await noteGuard(table, value, seen?.value.plan);
    const [etag = ""] = await table.transact(CURRENT, [
      current === null ? { kind: "insert", ...columns } : { kind: "replace", ...columns, etag: current.etag },
    ]);
    return { value, etag };
  } catch (error) {
    if (!(error instanceof TableConflict)) throw error;
    return savedBefore(await getPlan(table, plan.id), plan.id, hash, ifMatch);
  }
}

function savedBefore(
  current: Tagged<PlanVersion> | null,
  planId: string,
  hash: string,
  ifMatch: string | null,
): Tagged<PlanVersion> {
  if (current?.value.hash === hash) return current;
  if (ifMatch !== null) throw new RecoveryError("etag-mismatch", `plan ${planId} was changed since it was read`);
  throw new RecoveryError("already-exists", `plan ${planId} exists as version ${current?.value.version}`);
}

/** After an interrupted save the version is archived already, with the same content. */
async function archive(table: Table, version: PlanVersion): Promise<void> {
  const columns = encode(PLAN, versionRow(version.version), version);
  try {
    await table.transact(earlierOf(version.plan.id), [{ kind: "insert", ...columns }]);
  } catch (error) {
    if (!(error instanceof TableConflict)) throw error;
  }
}

/** Removes the current version that the caller saw, or any if `ifMatch` is null. A plan that is gone is no error. */
export async function removePlan(table: Table, planId: string, ifMatch: string | null): Promise<void> {
  const current = await getCurrent(table, planId);
  if (current?.value == null) return;
  const changed = new RecoveryError("etag-mismatch", `plan ${planId} was changed since it was read`);
  if (ifMatch !== null && ifMatch !== current.etag) throw changed;
  await archive(table, current.value);
  const columns = encode(CURRENT_PLAN, planId, { removed: true, version: current.lastVersion });
  try {
    await table.transact(CURRENT, [{ kind: "replace", ...columns, etag: current.etag }]);
  } catch (error) {
    if (!(error instanceof TableConflict)) throw error;
    if (await getPlan(table, planId)) throw changed;
  }
}

/** Reads versions of plans, and remembers up to `maxVersions`: those that were read last. Callers must not change them. */
export function createPlanVersions(
  table: Table,
  maxVersions: number,
): (planId: string, version: number) => Promise<PlanVersion | null> {
  const known = new Map<string, PlanVersion>();
  return async (planId, version) => {
    const key = `${version}/${planId}`;
    const found = known.get(key) ?? (await readVersion(table, planId, version));
    if (found === null) return null;
    known.delete(key);
    known.set(key, found);
    const [oldest] = known.keys();
    if (known.size > maxVersions && oldest !== undefined) known.delete(oldest);
    return found;
  };
}

async function readVersion(table: Table, planId: string, version: number): Promise<PlanVersion | null> {
  const current = await getPlan(table, planId);
  if (current?.value.version === version) return current.value;
  const row = await table.get(earlierOf(planId), versionRow(version));
  return row === null ? null : decode(PLAN, row);
}

/** Keeps the items of the version before, which stays current if the save dies, and those of others who save now. */
async function noteGuard(table: Table, { plan, version }: PlanVersion, before: Plan | undefined): Promise<void> {
  const guards = guardsOf(plan.worldId);
  const change = (row: Row | null): Update<null> => {
    const noted = row === null ? null : decode(GUARD, row);
    const rivals = noted !== null && noted.version >= version ? noted : { version, itemIds: [] };
    const itemIds = [...new Set([...rivals.itemIds, ...itemIdsOf(before), ...itemIdsOf(plan)])];
    if (noted === rivals && itemIds.length === noted.itemIds.length) return { answer: null };
    const columns = encode(GUARD, plan.id, { planId: plan.id, version: rivals.version, itemIds });
    const operation: RowOperation =
      row === null ? { kind: "insert", ...columns } : { kind: "replace", ...columns, etag: row.etag };
    return { answer: null, write: () => table.transact(guards, [operation]) };
  };
  await updateWithRetry(() => table.get(guards, plan.id), change);
}

const itemIdsOf = (plan: Plan | undefined): string[] =>
  plan?.groups.flatMap(({ items }) => items.map(({ id }) => id)) ?? [];

/** Rows that are read at once. */
const GUARDS_AT_ONCE = 1_000;

/** The plans of a world that want approvals now and may hold some of the items. No other plan is read. */
export async function listGuardingPlans(
  table: Table,
  worldId: string,
  itemIds: readonly string[],
): Promise<PlanVersion[]> {
  const wanted = new Set(itemIds);
  const guarding: PlanVersion[] = [];
  for (let from: string | undefined; ; ) {
    const { rows, more } = await table.list(guardsOf(worldId), { limit: GUARDS_AT_ONCE, ...defined({ from }) });
    const holding = rows.map((row) => decode(GUARD, row)).filter((guard) => guard.itemIds.some((id) => wanted.has(id)));
    const found = await Promise.all(holding.map(({ planId }) => getPlan(table, planId)));
    const guards = ({ plan }: PlanVersion) => plan.worldId === worldId && (plan.approvals ?? []).length > 0;
    guarding.push(...found.flatMap((one) => (one !== null && guards(one.value) ? [one.value] : [])));
    const last = rows.at(-1);
    if (!more || last === undefined) return guarding;
    from = `${last.row}!`; // the first row after it
  }
}

/** The plans of a page; those that were removed leave gaps. */
export async function listPlans(table: Table, request: PageRequest): Promise<Page<PlanVersion>> {
  const { entries, ...page } = await pageOf(table, CURRENT, request, (row) => read(row).value);
  return { ...page, entries: entries.flatMap((value) => value ?? []) };
}
