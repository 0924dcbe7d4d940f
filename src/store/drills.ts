/**
 * The records of drills, and the lists that they are in. A record and its places in the lists change in one transaction.
 * Tests: test/suites/store-drills.suite.ts.
 */
import { z } from "zod";
import { Drill, drillHasEnded } from "../domain/drills/drill.js";
import { RecoveryError } from "../domain/errors.js";
import { Guid, Id, toMs } from "../domain/text.js";
import { pageOf, readable } from "./paging.js";
import type { Page, PageRequest, Tagged } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type RowOperation, type Table, TableConflict } from "./tables/port.js";

const DRILL: Codec<Drill> = { what: "drill", schema: 1, shape: Drill };
const ENTRY: Codec<{ drillId: string; planId: string }> = {
  what: "list entry",
  schema: 1,
  shape: z.strictObject({ drillId: Guid, planId: Id }),
};

const PARTITION = "drills";
const LAST_MS = 9_999_999_999_999;
const recordRow = (drillId: string): string => `record.${drillId}`;
const newestFirst = ({ requestedAt }: Drill): string => String(LAST_MS - toMs(requestedAt)).padStart(13, "0");

/** The rows that list a drill as it is. */
function entriesOf(drill: Drill): string[] {
  const { drillId, planId, verdict } = drill;
  const place = `${planId}.${newestFirst(drill)}.${drillId}`;
  return [
    `newest.${place}`,
    ...(drillHasEnded(drill) ? [] : [`open.${drillId}`]),
    ...(verdict?.result === "passed" ? [`passed.${place}`] : []),
  ];
}

const inserted = (row: string, { drillId, planId }: Drill): RowOperation => ({
  kind: "insert",
  ...encode(ENTRY, row, { drillId, planId }),
});

export async function createDrill(table: Table, drill: Drill): Promise<{ drill: Drill; created: boolean }> {
  const { drillId } = drill;
  const record: RowOperation = { kind: "insert", ...encode(DRILL, recordRow(drillId), drill) };
  try {
    await table.transact(PARTITION, [record, ...entriesOf(drill).map((row) => inserted(row, drill))]);
    return { drill, created: true };
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
    const known = await getDrill(table, drillId);
    if (known === null) throw new RecoveryError("drill-not-found", `drill ${drillId} is gone`);
    return { drill: known.value, created: false };
  }
}

export async function getDrill(table: Table, drillId: string): Promise<Tagged<Drill> | null> {
  const row = await table.get(PARTITION, recordRow(drillId));
  return row === null ? null : { value: decode(DRILL, row), etag: row.etag };
}

export async function updateDrill(table: Table, before: Tagged<Drill>, after: Drill): Promise<void> {
  const [old, now] = [entriesOf(before.value), entriesOf(after)];
  const operations: RowOperation[] = [
    { kind: "replace", ...encode(DRILL, recordRow(after.drillId), after), etag: before.etag },
    ...old.filter((entry) => !now.includes(entry)).map((left): RowOperation => ({ kind: "delete", row: left })),
    ...now.filter((entry) => !old.includes(entry)).map((entered) => inserted(entered, after)),
  ];
  try {
    await table.transact(PARTITION, operations);
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
    throw new RecoveryError("etag-mismatch", `drill ${after.drillId} was changed since it was read`);
  }
}

/** One page of a list. Records that are unreadable are left out and named. */
async function listOf(table: Table, request: PageRequest, prefix: string): Promise<Page<Drill>> {
  const page = await pageOf(table, PARTITION, request, (row) => decode(ENTRY, row), { prefix });
  const { entries, unreadable = [], ...rest } = page;
  const read = await readable(entries, ({ drillId }) => getDrill(table, drillId));
  const all = [...unreadable, ...(read.unreadable ?? [])];
  const found = read.entries.flatMap((one) => one?.value ?? []);
  return { ...rest, entries: found, ...(all.length > 0 && { unreadable: all }) };
}

/** An id may begin with another one and a dot, so the plan is compared as well. */
async function listOfPlan(table: Table, list: string, planId: string, page: PageRequest): Promise<Page<Drill>> {
  const found = await listOf(table, page, `${list}.${planId}.`);
  return { ...found, entries: found.entries.filter((drill) => drill.planId === planId) };
}

export const listDrills = (table: Table, planId: string, page: PageRequest): Promise<Page<Drill>> =>
  listOfPlan(table, "newest", planId, page);

export const listPassedDrills = (table: Table, planId: string, page: PageRequest): Promise<Page<Drill>> =>
  listOfPlan(table, "passed", planId, page);

export const listOpenDrills = (table: Table, page: PageRequest): Promise<Page<Drill>> => listOf(table, page, "open.");
