import { app } from "@azure/functions";
import { ROUTES } from "../api/routes.js";
import { getDrill, listDrills, requestDrill } from "../commands/drills/request.js";
import { startDueDrills } from "../commands/drills/start-due.js";
import { contextOf } from "../composition.js";
import type { Drill } from "../domain/drills/drill.js";
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

serve(ROUTES.startDrill, async (context, { params: { planId }, body, headers, caller }) => {
  const idempotencyKey = headers["idempotency-key"] ?? "";
  const drill = await requestDrill(context, { idempotencyKey, planId, by: caller.person, force: body.force });
  return { body: viewOf(drill), headers: { location: `/api/drills/${drill.drillId}`, "retry-after": "1" } };
});

serve(ROUTES.listDrills, async (context, { params, query }) => {
  const { entries, ...page } = await listDrills(context, params.planId, pageRequest(query));
  return { body: { ...page, entries: entries.map(summaryOf) } };
});

serve(ROUTES.getDrill, async (context, { params }) => ({ body: viewOf(await getDrill(context, params.drillId)) }));

function summaryOf(drill: Drill) {
  const { drillId, planId, worldId, planVersion, planHash, trigger, requestedAt, force, verdict } = drill;
  return {
    ...{ drillId, planId, worldId, planVersion, planHash, requestedAt },
    trigger: trigger.kind === "request" ? { kind: trigger.kind, by: trigger.by } : trigger,
    ...(force !== undefined && { force }),
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
