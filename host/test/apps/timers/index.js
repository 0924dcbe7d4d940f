const { app } = require("@azure/functions");

const record = (name) => async (timer, context) => {
  globalThis.timerRuns ??= [];
  globalThis.timerRuns.push({ name, timer, retry: context.retryContext });
  await globalThis.timerGates?.[name]?.();
};

app.timer("hourly", { schedule: "%HOURLY%", handler: record("hourly") });
app.timer("atStart", { schedule: "0 0 0 1 1 *", runOnStartup: true, handler: record("atStart") });
app.timer("every20", { schedule: "00:00:20", handler: record("every20") });
app.timer("retried", {
  schedule: "0 30 * * * *",
  retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: { seconds: 10 } },
  handler: record("retried"),
});
