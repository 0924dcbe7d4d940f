/** The records of drills, and the lists that they are in (`listed-records.ts`). Tests: test/suites/store-drills.suite.ts. */
import { z } from "zod";
import { Drill, drillHasEnded } from "../domain/drills/drill.js";
import { Guid, Id } from "../domain/text.js";
import { listedRecords } from "./listed-records.js";
import type { Page, PageRequest, Tagged } from "./port.js";
import type { Table } from "./tables/port.js";
import { newestFirst } from "./time-keys.js";

const DRILLS = listedRecords({
  partition: "drills",
  record: { what: "drill", schema: 1, shape: Drill },
  entry: { what: "list entry", schema: 1, shape: z.strictObject({ drillId: Guid, planId: Id }) },
  entryOf: ({ drillId, planId }: Drill) => ({ drillId, planId }),
  idOf: ({ drillId }) => drillId,
  rowsOf,
  gone: "drill-not-found",
});

/** The rows that list a drill as it is. */
function rowsOf(drill: Drill): string[] {
  const { drillId, planId, requestedAt, verdict } = drill;
  const place = `${planId}.${newestFirst(requestedAt)}.${drillId}`;
  return [
    `newest.${place}`,
    ...(drillHasEnded(drill) ? [] : [`open.${drillId}`]),
    ...(verdict?.result === "passed" ? [`passed.${place}`] : []),
  ];
}

export async function createDrill(table: Table, drill: Drill): Promise<{ drill: Drill; created: boolean }> {
  const { record, created } = await DRILLS.create(table, drill);
  return { drill: record, created };
}

export const getDrill = (table: Table, drillId: string): Promise<Tagged<Drill> | null> => DRILLS.get(table, drillId);

export const updateDrill = (table: Table, before: Tagged<Drill>, after: Drill): Promise<void> =>
  DRILLS.update(table, before, after);

/** An id may begin with another one and a dot, so the plan is compared as well. */
async function listOfPlan(table: Table, list: string, planId: string, page: PageRequest): Promise<Page<Drill>> {
  const found = await DRILLS.list(table, page, { prefix: `${list}.${planId}.` });
  return { ...found, entries: found.entries.filter((drill) => drill.planId === planId) };
}

export const listDrills = (table: Table, planId: string, page: PageRequest): Promise<Page<Drill>> =>
  listOfPlan(table, "newest", planId, page);

export const listPassedDrills = (table: Table, planId: string, page: PageRequest): Promise<Page<Drill>> =>
  listOfPlan(table, "passed", planId, page);

export const listOpenDrills = (table: Table, page: PageRequest): Promise<Page<Drill>> =>
  DRILLS.list(table, page, { prefix: "open." });
