import { app } from "@azure/functions";

const started = await Promise.resolve("awaited at the top");

app.http("where", {
  authLevel: "anonymous",
  route: "/",
  handler: async () => ({ jsonBody: { started, host: process.env.WEBSITE_HOSTNAME } }),
});
