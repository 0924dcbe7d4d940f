import { z } from "zod";
import { Coverage } from "../domain/drills/coverage.js";
import { Drill, DrillResult, DrillTrigger, DrillVerdict } from "../domain/drills/drill.js";
import { Evaluation } from "../domain/drills/evaluation.js";
import { Prediction } from "../domain/drills/prediction.js";
import { Readiness } from "../domain/drills/readiness.js";
import { Guid, Id, Instant, Text } from "../domain/text.js";
import { route } from "./route.js";
import { noQuery, pageOf, pageQuery, read } from "./schemas.js";

const trigger = z.discriminatedUnion("kind", [
  DrillTrigger.options[0],
  DrillTrigger.options[1].omit({ idempotencyKey: true }),
]);

const drillSummary = Drill.pick({
  drillId: true,
  planId: true,
  worldId: true,
  planVersion: true,
  planHash: true,
}).extend({
  trigger,
  requestedAt: Instant,
  force: Drill.shape.force,
  failureDrillId: Drill.shape.failureDrillId,
  status: z.enum(["running", "ended"]),
  result: DrillResult.nullable().describe("null until it has its verdict"),
  because: z.array(z.string()).describe("every reason why it is no success"),
});

const drillView = drillSummary.extend({
  testExecutionId: Guid.nullable(),
  cleanUpExecutionId: Guid.nullable(),
  verdict: DrillVerdict.nullable(),
});

const readinessView = z.object({
  planId: Id,
  planVersion: z.int(),
  readiness: Readiness,
  reasons: z.array(z.string()).describe("why it is not ready; empty if it is"),
  lastPassed: drillSummary.nullable(),
  lastDrill: drillSummary.nullable(),
  nextDue: Instant.nullable(),
  evaluation: Evaluation.omit({ planId: true, planVersion: true, readiness: true })
    .nullable()
    .describe("what the last look at the plan found, each 30 minutes; null before the first of this version"),
});

const onPlan = z.strictObject({ planId: Id });

/** Drills: test failovers with checks, clean-up and a verdict. */
export const DRILL_ROUTES = {
  startDrill: route({
    id: "start-drill",
    right: "test",
    method: "POST",
    path: "api/recovery-plans/{planId}/drills",
    summary: "Start a drill now: a test failover, the checks of the plan, a clean-up and a verdict",
    params: onPlan,
    query: noQuery,
    body: z
      .strictObject({
        force: z
          .strictObject({ reason: Text })
          .optional()
          .describe("begins although something is left of an earlier test, or although there is a blackout"),
        failureDrill: Id.optional().describe("the failure drill of the policy to run; by default nothing is injected"),
      })
      .prefault({}),
    headers: { "idempotency-key": "required" },
    status: 202,
    answers: ["location", "retry-after"],
    response: drillView,
    problems: ["plan-not-found", "header-missing", "idempotency-key-reused", "drill-blackout"],
  }),
  listDrills: route({
    ...read,
    id: "list-drills",
    right: "read",
    path: "api/recovery-plans/{planId}/drills",
    summary: "List the drills of a plan, newest first",
    params: onPlan,
    query: pageQuery,
    response: pageOf(drillSummary),
    problems: [],
  }),
  getReadiness: route({
    ...read,
    id: "get-readiness",
    right: "read",
    path: "api/recovery-plans/{planId}/readiness",
    summary: "Show whether drills have proved the plan as it is now, and why not",
    params: onPlan,
    response: readinessView,
    problems: ["plan-not-found"],
  }),
  getCoverage: route({
    ...read,
    id: "get-coverage",
    right: "read",
    path: "api/recovery-plans/{planId}/coverage",
    summary: "Show which parts of a plan drills have exercised since they last changed, and what would close the gaps",
    params: onPlan,
    response: Coverage,
    problems: ["plan-not-found"],
  }),
  getPrediction: route({
    ...read,
    id: "get-prediction",
    right: "read",
    path: "api/recovery-plans/{planId}/prediction",
    summary: "Show how long a test of a plan would take, and its critical path, from the steps of earlier drills",
    params: onPlan,
    response: Prediction,
    problems: ["plan-not-found"],
  }),
  getDrill: route({
    ...read,
    id: "get-drill",
    right: "read",
    path: "api/drills/{drillId}",
    summary: "Show a drill: its executions, and its verdict with what was and was not drilled",
    params: z.strictObject({ drillId: Guid }),
    response: drillView,
    problems: ["drill-not-found"],
  }),
} as const;
