import { app } from "@azure/functions";
import { ROUTES } from "../api/routes.js";
import { asReadBy } from "../commands/as-read-by.js";
import { sweepExecutions } from "../commands/sweep.js";
import { contextOf } from "../composition.js";
import { orchestrationsBinding } from "../durable/client.js";
import { serve } from "./serve.js";

app.timer("sweep-executions", {
  schedule: "0 * * * * *",
  runOnStartup: true,
  extraInputs: [orchestrationsBinding],
  handler: async (_timer, invocation) => {
    const { repaired, errors } = await sweepExecutions(contextOf(invocation));
    for (const { executionId, reason, isNews } of errors) {
      if (isNews) invocation.error(`Could not repair execution ${executionId}: ${reason}`);
    }
    if (repaired.length > 0) invocation.info(`Repaired ${repaired.length} executions: ${repaired.join(", ")}`);
  },
});

serve(ROUTES.listUnsettled, async (context, { caller }) => {
  const { store } = asReadBy(context, caller);
  const entries = (await store.listUnsettled()).map(({ value: { trouble, ...entry } }) => ({
    ...entry,
    ...(trouble && { trouble: { reason: trouble.reason, since: trouble.since } }),
  }));
  return { body: { entries } };
});
