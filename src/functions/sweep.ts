import { app } from "@azure/functions";
import { ROUTES } from "../api/routes.js";
import { decideApproval } from "../commands/approvals.js";
import { asReadBy } from "../commands/as-read-by.js";
import { sweepExecutions } from "../commands/sweep.js";
import { sweepApprovals } from "../commands/sweep-approvals.js";
import { SweepSchedule } from "../commands/sweep-schedule.js";
import { sweepWebhooks } from "../commands/webhooks/sweep.js";
import { contextOf } from "../composition.js";
import { orchestrationsBinding } from "../durable/client.js";
import { serve } from "./serve.js";

/** Each process reads what it has not read yet, whatever another one did. */
const schedule = new SweepSchedule();

app.timer("sweep-executions", {
  schedule: "0 * * * * *",
  runOnStartup: true,
  extraInputs: [orchestrationsBinding],
  handler: async (_timer, invocation) => {
    const context = contextOf(invocation);
    const { repaired, errors } = await sweepExecutions(context, schedule);
    for (const { executionId, reason, isNews } of errors) {
      if (isNews) invocation.error(`Could not repair execution ${executionId}: ${reason}`);
    }
    for (const error of await sweepApprovals(context)) invocation.error(`Could not look after ${error}`);
    for (const error of await sweepWebhooks(context, decideApproval)) invocation.error(`Could not complete ${error}`);
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
