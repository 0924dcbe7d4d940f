import { app } from "@azure/functions";
import { sweepExecutions } from "../commands/sweep.js";
import { contextOf } from "../composition.js";
import { orchestrationsBinding } from "../durable/client.js";

app.timer("sweep-executions", {
  schedule: "0 * * * * *",
  runOnStartup: true,
  extraInputs: [orchestrationsBinding],
  handler: async (_timer, invocation) => {
    const mended = await sweepExecutions(contextOf(invocation));
    if (mended.length > 0) invocation.info(`Looked after ${mended.length} executions: ${mended.join(", ")}`);
  },
});
