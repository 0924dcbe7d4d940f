/**
 * When drills are due by the schedules of plans.
 *
 * - T1 Each moment at which a plan is due gives one drill, whatever dies in between: its id is derived from the plan and the
 *   moment, and what is done is written after it was recorded. (test/orchestrators/drill-schedules.test.ts)
 * - T2 What was missed runs once, marked late: one drill for the last moment, which counts the earlier ones. (same file)
 * - T3 The plan decides. An entry of the list says only when to look at the plan, so a save that dies half-way delays
 *   nothing by more than an hour. (same file)
 * - T4 Moments before a schedule was saved are none of it, and a clock that goes back runs nothing twice. (same file)
 */
import type { Drill } from "../../domain/drills/drill.js";
import { canonicalJson, guidOf } from "../../domain/identity.js";
import type { Plan, PlanVersion } from "../../domain/plans/plan.js";
import { lastDue, nextDue, type Schedule } from "../../domain/schedule/schedule.js";
import { toInstant, toMs } from "../../domain/text.js";
import { readableOrNull } from "../../executions/read-each.js";
import { type PlanSchedule, updateWithRetry } from "../../store/port.js";
import type { Services } from "../context.js";

/** A plan without a schedule is looked at this often, because a save may have died before it said that it has one. */
const LOOK_AGAIN_MS = 3_600_000;

/** A drill is late when it begins later than this after its moment. */
const LATE_AFTER_MS = 2 * 60_000;

/** Before a plan with a schedule is saved: makes the timer look at it when it may be due. */
export async function announceSchedule({ store, clock }: Services, { id: planId, drill }: Plan): Promise<void> {
  const schedule = drill?.schedule;
  if (schedule === undefined) return;
  const nowMs = clock.now();
  const dueMs = lookAtMs(schedule, nowMs);
  await updateWithRetry(
    () => store.getPlanSchedule(planId),
    (known) => {
      const now = toInstant(nowMs);
      const before = known?.value ?? { planId, schedule: null, doneUntil: now, tzdata: tzdata() };
      const lookAt = toInstant(Math.min(dueMs, known === null ? dueMs : toMs(known.value.lookAt)));
      return { answer: undefined, write: () => store.putPlanSchedule({ ...before, lookAt }, known?.etag ?? null) };
    },
  );
}

/** After a plan was saved, and whenever it is looked at: what was due of another schedule is no longer due. */
export async function followPlan({ store, clock }: Services, version: PlanVersion): Promise<PlanSchedule | null> {
  const { plan, savedAt } = version;
  const schedule = plan.drill?.schedule ?? null;
  return updateWithRetry(
    () => store.getPlanSchedule(plan.id),
    (known): { answer: PlanSchedule | null; write?: () => Promise<unknown> } => {
      if (known !== null && sameSchedule(known.value.schedule, schedule)) return { answer: known.value };
      if (known === null && schedule === null) return { answer: null };
      const next = entryOf(plan.id, schedule, toMs(savedAt), clock.now());
      return { answer: next, write: () => store.putPlanSchedule(next, known?.etag ?? null) };
    },
  );
}

const sameSchedule = (a: Schedule | null, b: Schedule | null): boolean => canonicalJson(a) === canonicalJson(b);

const tzdata = (): string => process.versions["tz"] ?? "unknown";

const lookAtMs = (schedule: Schedule | null, afterMs: number): number =>
  (schedule === null ? null : nextDue(schedule, afterMs)) ?? afterMs + LOOK_AGAIN_MS;

function entryOf(planId: string, schedule: Schedule | null, doneMs: number, nowMs: number): PlanSchedule {
  const lookAt = toInstant(schedule === null ? nowMs + LOOK_AGAIN_MS : lookAtMs(schedule, doneMs));
  return { planId, schedule, doneUntil: toInstant(doneMs), lookAt, tzdata: tzdata() };
}

/** The drill of a plan that is due by now, and what to write when it is recorded. */
export interface DueDrill {
  drill: Drill | null;
  done: () => Promise<void>;
}

/** What is due of a plan. */
export async function dueDrillOf(services: Services, entry: PlanSchedule): Promise<DueDrill> {
  const { store, clock, hash } = services;
  const nowMs = clock.now();
  const { planId } = entry;
  const version = await readableOrNull(() => store.getPlan(planId));
  if (version === null) {
    const parked = { ...entry, schedule: null, lookAt: toInstant(nowMs + LOOK_AGAIN_MS) };
    return { drill: null, done: () => advanceEntry(services, entry, parked) };
  }
  const known = (await followPlan(services, version.value)) ?? entry;
  const { schedule } = known;
  if (schedule === null) {
    return { drill: null, done: () => advanceEntry(services, known, entryOf(planId, null, nowMs, nowMs)) };
  }
  const due = lastDue(schedule, { afterMs: toMs(known.doneUntil), untilMs: nowMs });
  const doneMs = due?.dueMs ?? toMs(known.doneUntil);
  const next = entryOf(planId, schedule, doneMs, nowMs);
  const done = () => advanceEntry(services, known, next);
  if (due === null) return { drill: null, done };
  const { plan, version: planVersion, hash: planHash } = version.value;
  const dueAt = toInstant(due.dueMs);
  const late = due.count > 1 || nowMs - due.dueMs > LATE_AFTER_MS;
  const when = { dueAt, late, missed: due.count - 1, tzdata: tzdata() };
  const drill: Drill = {
    drillId: guidOf(hash(`secondsite-drill\n${planId}\n${dueAt}`)),
    planId,
    worldId: plan.worldId,
    ...{ planVersion, planHash },
    trigger: { kind: "schedule", ...schedule, ...when },
    requestedAt: toInstant(nowMs),
  };
  return { drill, done };
}

/** Writes the entry unless another process or a save changed it, which then knows better. */
async function advanceEntry({ store }: Services, seen: PlanSchedule, next: PlanSchedule): Promise<void> {
  await updateWithRetry(
    () => store.getPlanSchedule(seen.planId),
    (known) => {
      if (known === null || canonicalJson(known.value) !== canonicalJson(seen)) return { answer: undefined };
      return { answer: undefined, write: () => store.putPlanSchedule(next, known.etag) };
    },
  );
}

/** When a drill of a plan is due next; null if its plan has no schedule. */
export function nextDueOf({ clock }: Pick<Services, "clock">, { drill }: Plan): string | null {
  const dueMs = drill?.schedule === undefined ? null : nextDue(drill.schedule, clock.now());
  return dueMs === null ? null : toInstant(dueMs);
}
