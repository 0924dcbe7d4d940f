import { app } from "@azure/functions";
import { sweepExecutions } from "../commands/sweep.js";
import { contextOf } from "../composition.js";
import { orchestrationsBinding } from "../durable/client.js";

app.timer("sweep-executions", {
  schedule: "0 * * * * *",
  runOnStartup: true,
  extraInputs: [orchestrationsBinding],
  handler: async (_timer, invocation) => {
    const { repaired, errors } = await sweepExecutions(contextOf(invocation));
    for (const error of errors) invocation.error(`Could not repair an execution: ${error}`);
    if (repaired.length > 0) invocation.info(`Repaired ${repaired.length} executions: ${repaired.join(", ")}`);
  },
});
