const { app } = require("@azure/functions");

const seen = [];
app.hook.appStart((context) => {
  seen.push("appStart");
  context.hookData.fromStart = true;
});
app.hook.appTerminate((context) => {
  seen.push(`appTerminate ${context.hookData.fromStart}`);
  globalThis.seenByHooks = seen;
});
app.hook.preInvocation((context) => {
  context.hookData.began = true;
  if (context.invocationContext.functionName === "replaced") {
    context.functionHandler = async () => ({ body: "by the hook" });
  }
  if (context.invocationContext.functionName === "assigns") context.hookData = {};
});
app.hook.postInvocation((context) => {
  if (context.invocationContext.functionName === "rescued" && context.error) {
    context.error = null;
    context.result = { body: `rescued ${context.hookData.began}` };
  }
});
app.hook.log((context) => {
  context.message = context.message.replace("password", "***");
});

app.http("replaced", { authLevel: "anonymous", handler: async () => ({ body: "own" }) });
app.http("assigns", { authLevel: "anonymous", handler: async () => ({ body: "own" }) });
app.http("rescued", {
  authLevel: "anonymous",
  handler: async () => {
    throw new Error("no");
  },
});
app.http("logs", {
  authLevel: "anonymous",
  handler: async (_, context) => {
    context.warn("the %s is", "password", 7);
    return { body: context.functionName };
  },
});
app.http("late", {
  authLevel: "anonymous",
  handler: async () => {
    try {
      app.http("tooLate", { handler: async () => ({}) });
      return { body: "registered" };
    } catch (error) {
      return { body: error.message };
    }
  },
});
