const { app } = require("@azure/functions");

app.get("second-file", { authLevel: "anonymous", handler: async () => ({ body: "second" }) });
