import { z } from "zod";
import { Plan, PlanVersion } from "../domain/plans/plan.js";
import { PlanChange } from "../domain/plans/plan-diff.js";
import { Id } from "../domain/text.js";
import { route } from "./route.js";
import { noQuery, pageOf, pageQuery, planSummary, planView, read, remove } from "./schemas.js";

const onPlan = z.strictObject({ planId: Id });
const version = z.coerce.number().int().min(1).max(1_000_000_000);

/** Recovery plans and their versions. */
export const PLAN_ROUTES = {
  savePlan: route({
    id: "save-plan",
    right: "plan",
    method: "PUT",
    path: "api/recovery-plans/{planId}",
    summary: "Save a recovery plan: a new one without If-Match, the next version with it",
    params: onPlan,
    query: noQuery,
    body: Plan,
    headers: { "if-match": "optional", "if-none-match": "optional" },
    status: 200,
    creates: true,
    answers: ["etag"],
    response: planView,
    problems: ["plan-invalid", "world-not-found", "already-exists", "etag-mismatch", "value-too-large"],
  }),
  listPlans: route({
    ...read,
    id: "list-plans",
    right: "read",
    answersWhatCallerMayRead: true,
    path: "api/recovery-plans",
    summary: "List recovery plans",
    params: z.strictObject({}),
    query: pageQuery,
    response: pageOf(planSummary),
    problems: [],
  }),
  getPlan: route({
    ...read,
    id: "get-plan",
    right: "read",
    path: "api/recovery-plans/{planId}",
    summary: "Show a recovery plan, the failure policy in force for each verb, and the protection groups of its items",
    params: onPlan,
    answers: ["etag"],
    response: planView,
    problems: ["plan-not-found"],
  }),
  removePlan: route({
    ...remove,
    id: "remove-plan",
    right: "plan",
    path: "api/recovery-plans/{planId}",
    summary: "Remove a recovery plan; its versions stay readable, and a plan that is gone is no error",
    params: onPlan,
    headers: { "if-match": "required" },
    problems: ["header-missing", "etag-mismatch", "plan-in-use"],
  }),
  getPlanVersion: route({
    ...read,
    id: "get-plan-version",
    right: "read",
    path: "api/recovery-plans/{planId}/versions/{version}",
    summary: "Show a version of a recovery plan as it was saved, also after the plan was removed",
    params: onPlan.extend({ version }),
    response: PlanVersion,
    problems: ["plan-not-found"],
  }),
  diffPlan: route({
    ...read,
    id: "diff-plan",
    right: "read",
    path: "api/recovery-plans/{planId}/diff",
    summary: "Compare two versions of a plan, with the failure policies in force",
    params: onPlan,
    query: z.strictObject({ from: version, to: version.optional().describe("the default is the newest version") }),
    response: z.object({ planId: Id, from: z.int(), to: z.int(), changes: z.array(PlanChange) }),
    problems: ["plan-not-found"],
  }),
} as const;
