const { app } = require("@azure/functions");

app.http("Order", { handler: async () => ({}) });
app.http("order", { route: "other", handler: async () => ({}) });
