import { app } from "@azure/functions";
import { sweepExecutions } from "../commands/sweep.js";
import { contextOf } from "../composition.js";
import { orchestrationsBinding } from "../durable/client.js";

app.timer("sweep-executions", {
  schedule: "0 * * * * *",
  runOnStartup: true,
  extraInputs: [orchestrationsBinding],
  handler: async (_timer, invocation) => {
    const { mended, troubles } = await sweepExecutions(contextOf(invocation));
    for (const trouble of troubles) invocation.error(`Could not look after an execution: ${trouble}`);
    if (mended.length > 0) invocation.info(`Looked after ${mended.length} executions: ${mended.join(", ")}`);
  },
});
