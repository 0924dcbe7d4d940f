import { app } from "@azure/functions";
import { ROUTES } from "../api/routes.js";
import { viewCoverage } from "../commands/drills/coverage.js";
import { evaluatePlans } from "../commands/drills/evaluate.js";
import { cleanUpForgottenTests } from "../commands/drills/forgotten-tests.js";
import { viewPrediction } from "../commands/drills/prediction.js";
import { viewReadiness } from "../commands/drills/readiness.js";
import { getDrill, listDrills, requestDrill } from "../commands/drills/request.js";
import { startDueDrills } from "../commands/drills/start-due.js";
import { contextOf, services } from "../composition.js";
import type { Drill } from "../domain/drills/drill.js";
import type { Evaluation } from "../domain/drills/evaluation.js";
import { orchestrationsBinding } from "../durable/client.js";
import { pageRequest, serve } from "./serve.js";

/** In UTC on every host: the zones of schedules are in our data. */
app.timer("start-due-drills", {
  schedule: "0 * * * * *",
  runOnStartup: true,
  extraInputs: [orchestrationsBinding],
  handler: async (_timer, invocation) => {
    const { started, errors } = await startDueDrills(contextOf(invocation));
    for (const error of errors) invocation.error(`Could not start or continue a drill: ${error}`);
    if (started.length > 0) invocation.info(`Started ${started.length} drills: ${started.join(", ")}`);
  },
});

app.timer("clean-up-forgotten-tests", {
  schedule: "30 */5 * * * *",
  runOnStartup: true,
  extraInputs: [orchestrationsBinding],
  handler: async (_timer, invocation) => {
    const { started, errors } = await cleanUpForgottenTests(contextOf(invocation));
    for (const error of errors) invocation.error(`Could not clean up ${error}`);
    if (started.length > 0) invocation.info(`Cleaned up forgotten tests: ${started.join(", ")}`);
  },
});

app.timer("evaluate-plans", {
  schedule: "0 */30 * * * *",
  handler: async (_timer, invocation) => {
    const { changed, errors } = await evaluatePlans(services);
    for (const error of errors) invocation.error(`Could not evaluate ${error}`);
    for (const { planId, from, to } of changed) invocation.info(`Plan ${planId} was ${from ?? "unknown"} and is ${to}`);
  },
});

serve(ROUTES.startDrill, async (context, { params: { planId }, body, headers, caller }) => {
  const idempotencyKey = headers["idempotency-key"] ?? "";
  const asked = { force: body.force, failureDrillId: body.failureDrill };
  const drill = await requestDrill(context, { idempotencyKey, planId, by: caller.person, ...asked });
  return { body: viewOf(drill), headers: { location: `/api/drills/${drill.drillId}`, "retry-after": "1" } };
});

serve(ROUTES.listDrills, async (context, { params, query }) => {
  const { entries, ...page } = await listDrills(context, params.planId, pageRequest(query));
  return { body: { ...page, entries: entries.map(summaryOf) } };
});

serve(ROUTES.getDrill, async (context, { params }) => ({ body: viewOf(await getDrill(context, params.drillId)) }));

serve(ROUTES.getReadiness, async (context, { params }) => {
  const { lastPassed, lastDrill, evaluation, ...rest } = await viewReadiness(context, params.planId);
  return {
    body: {
      ...rest,
      lastPassed: lastPassed && summaryOf(lastPassed),
      lastDrill: lastDrill && summaryOf(lastDrill),
      evaluation: evaluation && foundOf(evaluation),
    },
  };
});

serve(ROUTES.getCoverage, async (context, { params }) => ({ body: await viewCoverage(context, params.planId) }));

serve(ROUTES.getPrediction, async (context, { params }) => ({ body: await viewPrediction(context, params.planId) }));

const foundOf = ({ at, verb, wouldStart, findings, outsideObjective }: Evaluation) => {
  return { at, verb, wouldStart, findings, outsideObjective };
};

function summaryOf(drill: Drill) {
  const { drillId, planId, worldId, planVersion, planHash, trigger, requestedAt, force, failureDrillId, verdict } =
    drill;
  return {
    ...{ drillId, planId, worldId, planVersion, planHash, requestedAt },
    trigger: trigger.kind === "request" ? { kind: trigger.kind, by: trigger.by } : trigger,
    ...(force !== undefined && { force }),
    ...(failureDrillId !== undefined && { failureDrillId }),
    status: verdict === undefined ? ("running" as const) : ("ended" as const),
    result: verdict?.result ?? null,
    because: verdict?.because ?? [],
  };
}

function viewOf(drill: Drill) {
  const { test, cleanUp, verdict = null } = drill;
  return {
    ...summaryOf(drill),
    testExecutionId: test?.kind === "started" ? test.executionId : null,
    cleanUpExecutionId: cleanUp?.kind === "started" ? cleanUp.executionId : null,
    verdict,
  };
}
