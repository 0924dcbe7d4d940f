const { app } = require("@azure/functions");

app.http("fine", { handler: async () => ({ body: "never" }) });
