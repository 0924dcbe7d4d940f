/**
 * When the timer has to look at the drill schedule of a plan. The timer reads what is due, never all plans.
 *
 * - I1 A plan is in the list from before a version of it with a schedule is saved, and it never leaves the list, so no
 *   reader misses one. (test/orchestrators/drill-schedules.test.ts)
 * - I2 The row of a plan and its place in the list change in one transaction. (test/suites/store-drills.suite.ts)
 */
import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { Schedule } from "../domain/schedule/schedule.js";
import { Id, Instant } from "../domain/text.js";
import type { PlanSchedule } from "./drill-port.js";
import { pageOfNamed } from "./listed-records.js";
import type { Page, PageRequest, Tagged } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type RowOperation, type Table, TableConflict } from "./tables/port.js";
import { earliestFirst } from "./time-keys.js";

const SCHEDULE: Codec<PlanSchedule> = {
  what: "plan schedule",
  schema: 1,
  shape: z.strictObject({
    planId: Id,
    schedule: Schedule.nullable(),
    doneUntil: Instant,
    lookAt: Instant,
    tzdata: z.string(),
  }),
};
const ENTRY: Codec<{ planId: string }> = {
  what: "list entry",
  schema: 1,
  shape: z.strictObject({ planId: Id }),
};

const PARTITION = "schedules";
const planRow = (planId: string): string => `plan.${planId}`;
const dueRow = ({ planId, lookAt }: PlanSchedule): string => `due.${earliestFirst(lookAt)}.${planId}`;

export async function getPlanSchedule(table: Table, planId: string): Promise<Tagged<PlanSchedule> | null> {
  const row = await table.get(PARTITION, planRow(planId));
  return row === null ? null : { value: decode(SCHEDULE, row), etag: row.etag };
}

export async function putPlanSchedule(table: Table, next: PlanSchedule, etag: string | null): Promise<void> {
  const columns = encode(SCHEDULE, planRow(next.planId), next);
  const before = etag === null ? null : await getPlanSchedule(table, next.planId);
  const [old, now] = [before === null ? null : dueRow(before.value), dueRow(next)];
  const operations: RowOperation[] = [
    etag === null ? { kind: "insert", ...columns } : { kind: "replace", ...columns, etag },
    ...(old === null || old === now ? [] : [{ kind: "delete" as const, row: old }]),
    { kind: "put", ...encode(ENTRY, now, { planId: next.planId }) },
  ];
  try {
    await table.transact(PARTITION, operations);
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
    throw new RecoveryError("etag-mismatch", `the schedule of plan ${next.planId} was changed since it was read`);
  }
}

export function listDueSchedules(table: Table, now: string, page: PageRequest): Promise<Page<PlanSchedule>> {
  const range = { prefix: "due.", before: `due.${earliestFirst(now)}/` };
  return pageOfNamed(table, PARTITION, page, range, {
    read: (row) => decode(ENTRY, row),
    find: ({ planId }) => getPlanSchedule(table, planId),
  });
}
