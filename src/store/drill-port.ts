import type { Drill } from "../domain/drills/drill.js";
import type { Evaluation } from "../domain/drills/evaluation.js";
import type { Schedule } from "../domain/schedule/schedule.js";
import type { Page, PageRequest, Tagged } from "./page.js";

/** The schedule of the drills of a plan, as the timer knows it. The plan itself decides; this says when to look at it. */
export interface PlanSchedule {
  planId: string;
  /** The schedule up to which everything is done; null if the plan has none. */
  schedule: Schedule | null;
  /** What was due until then was recorded, or is none of this schedule. */
  doneUntil: string;
  /** When the plan has to be looked at again. */
  lookAt: string;
  /** The version of the time zone tables by which `lookAt` was computed. */
  tzdata: string;
}

/** A test failover that somebody has to clean up. */
export interface StandingTest {
  executionId: string;
  since: string;
  /** From when on it counts as forgotten. */
  lookAt: string;
  /** Clean-ups that were started because it was forgotten. */
  attempts: number;
}

/** Drills and when they are due. Every method is safe to repeat, and errors are those of the `Store`. */
export interface DrillStore {
  /** Records a drill unless its id exists. Returns the record, and whether this call created it. */
  createDrill(drill: Drill): Promise<{ drill: Drill; created: boolean }>;
  getDrill(drillId: string): Promise<Tagged<Drill> | null>;
  /** Replaces the record that was read, together with its places in the lists; refuses `etag-mismatch`. */
  updateDrill(before: Tagged<Drill>, after: Drill): Promise<void>;
  /** The drills of a plan, newest first. */
  listDrills(planId: string, page: PageRequest): Promise<Page<Drill>>;
  /** Those of a plan that passed, newest first. */
  listPassedDrills(planId: string, page: PageRequest): Promise<Page<Drill>>;
  /** Those without a verdict. */
  listOpenDrills(page: PageRequest): Promise<Page<Drill>>;

  getPlanSchedule(planId: string): Promise<Tagged<PlanSchedule> | null>;
  /** Saves when to look at a plan; refuses `etag-mismatch` unless it is as it was read (null: not there). */
  putPlanSchedule(schedule: PlanSchedule, etag: string | null): Promise<void>;
  /** The schedules of plans that have to be looked at by now. */
  listDueSchedules(now: string, page: PageRequest): Promise<Page<PlanSchedule>>;

  /** Watches a test from before it is recorded. */
  watchTest(test: StandingTest): Promise<void>;
  /** Moves the entry that was read, or removes it (null); refuses `etag-mismatch` if it is not there any more. */
  moveTest(before: StandingTest, after: StandingTest | null): Promise<void>;
  /** The tests that have to be looked at by now. */
  listForgottenTests(now: string, page: PageRequest): Promise<Page<StandingTest>>;

  /** What the last evaluation of a plan found. */
  getEvaluation(planId: string): Promise<Evaluation | null>;
  putEvaluation(evaluation: Evaluation): Promise<void>;
}
