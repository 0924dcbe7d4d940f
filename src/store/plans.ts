import { RecoveryError } from "../domain/errors.js";
import { type Plan, PlanVersion } from "../domain/plans/plan.js";
import { pageOf } from "./paging.js";
import type { Page, PageRequest, Tagged } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Row, type Table, TableConflict } from "./tables/port.js";

const PLAN: Codec<PlanVersion> = { what: "plan", schema: 1, shape: PlanVersion };

/** The current versions share a partition. The earlier versions of each plan have their own. */
const CURRENT = "plans";
const earlierOf = (planId: string): string => `plan-${planId}`;
const versionRow = (version: number): string => String(version).padStart(10, "0");

const tagged = (row: Row): Tagged<PlanVersion> => ({ value: decode(PLAN, row), etag: row.etag });

export async function getPlan(table: Table, planId: string): Promise<Tagged<PlanVersion> | null> {
  const row = await table.get(CURRENT, planId);
  return row === null ? null : tagged(row);
}

/**
 * Archives the current version before it replaces it, so every version stays readable. If the current version is not the
 * one that the caller saw but has the same content, this is a repeated save whose response was lost.
 */
export async function putPlan(
  table: Table,
  plan: Plan,
  hash: string,
  savedAt: string,
  ifMatch: string | null,
): Promise<Tagged<PlanVersion>> {
  const current = await getPlan(table, plan.id);
  if ((current?.etag ?? null) !== ifMatch) return savedBefore(current, plan.id, hash, ifMatch);
  const value: PlanVersion = { plan, version: (current?.value.version ?? 0) + 1, hash, savedAt };
  const columns = encode(PLAN, plan.id, value);
  try {
    if (current !== null) await archive(table, current.value);
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

export async function getPlanVersion(table: Table, planId: string, version: number): Promise<PlanVersion | null> {
  const current = await getPlan(table, planId);
  if (current?.value.version === version) return current.value;
  const row = await table.get(earlierOf(planId), versionRow(version));
  return row === null ? null : decode(PLAN, row);
}

export const listPlans = (table: Table, request: PageRequest): Promise<Page<PlanVersion>> =>
  pageOf(table, CURRENT, request, (row) => decode(PLAN, row));
