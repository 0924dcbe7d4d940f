const { app, output } = require("@azure/functions");

app.storageQueue("onMessage", { queueName: "q", connection: "AzureWebJobsStorage", handler: async () => undefined });
app.http("writes", {
  authLevel: "anonymous",
  extraOutputs: [output.storageQueue({ queueName: "q", connection: "AzureWebJobsStorage" })],
  handler: async () => ({ body: "lost" }),
});
app.http("reads", { authLevel: "anonymous", handler: async () => ({ body: "fine" }) });
