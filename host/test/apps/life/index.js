const { app } = require("@azure/functions");

app.hook.appTerminate(() => console.log("terminated in order"));

app.http("hello", { authLevel: "anonymous", handler: async () => ({ body: "hello" }) });
app.http("stray", {
  authLevel: "anonymous",
  handler: async () => {
    setImmediate(() => {
      throw new Error("thrown by nobody's function");
    });
    void Promise.reject(new Error("rejected and forgotten"));
    return { body: "answered" };
  },
});
app.http("endless", {
  authLevel: "anonymous",
  handler: () => {
    console.log("endless began");
    return new Promise(() => setInterval(() => undefined, 1000));
  },
});
