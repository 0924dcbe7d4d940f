import { requireSameId } from "../api/parse-request.js";
import { ApiProblem } from "../api/problem.js";
import { ROUTES } from "../api/routes.js";
import { voidApprovalsOfPlan } from "../commands/approvals.js";
import { asReadBy } from "../commands/as-read-by.js";
import { diffOfPlan, type PlanView, viewOf } from "../commands/plan-view.js";
import { getPlan, getPlanVersion, listPlans, removePlan, savePlan } from "../commands/plans.js";
import { pageRequest, serve } from "./serve.js";

serve(ROUTES.savePlan, async (context, { params, body, headers, caller }) => {
  requireSameId(params.planId, body.id);
  const ifMatch = headers["if-none-match"] === "*" ? null : oneTag(headers["if-match"]);
  const saved = await savePlan(context, body, ifMatch, caller);
  await voidApprovalsOfPlan(context, saved.value.plan.id, saved.value.version);
  return { ...planAnswer(await viewOf(context, saved)), status: ifMatch === null ? 201 : 200 };
});

serve(ROUTES.listPlans, async (context, { query, caller }) => ({
  body: await listPlans(asReadBy(context, caller), pageRequest(query)),
}));

serve(ROUTES.getPlan, async (context, { params }) => {
  return planAnswer(await viewOf(context, await getPlan(context, params.planId)));
});

serve(ROUTES.removePlan, async (context, { params, headers }) => {
  await removePlan(context, params.planId, oneTag(headers["if-match"]) ?? "");
  return { body: undefined };
});

serve(ROUTES.getPlanVersion, async (context, { params }) => ({
  body: await getPlanVersion(context, params.planId, params.version),
}));

serve(ROUTES.diffPlan, async (context, { params, query }) => ({
  body: await diffOfPlan(context, params.planId, query),
}));

/** A plan is saved over the one version that was seen, so a list of ETags, or any ETag, says too little. */
function oneTag(ifMatch: string | undefined): string | null {
  if (ifMatch === undefined) return null;
  if (/^(W\/)?"[^"]*"$/.test(ifMatch)) return ifMatch;
  throw new ApiProblem("invalid-input", "If-Match takes one ETag, as the plan's answer gave it, with its quotes.");
}

function planAnswer({ value, etag, ...rest }: PlanView) {
  return { body: { ...value, etag, ...rest }, headers: { etag } };
}
