/** An app whose activities do nothing, so that a run costs what the host costs. */
const { app } = require("@azure/functions");
const df = require("durable-functions");

/** Nanoseconds on the clock that all processes of a machine share, as text, per mark. */
const marks = new Map();
const mark = (name) => marks.set(name, process.hrtime.bigint().toString());

/** Activities run in this process so far. */
let ran = 0;

df.app.activity("noop", {
  handler: () => {
    ran += 1;
    return { ok: true };
  },
});

df.app.activity("mark", {
  handler: ({ name }) => {
    mark(name);
    return { ok: true };
  },
});

/** Never ends: the step that a SIGKILL interrupts. */
df.app.activity("hold", {
  handler: ({ name }) => {
    mark(name);
    return new Promise(() => undefined);
  },
});

df.app.orchestration("sequence", function* (context) {
  const { steps } = context.df.getInput();
  for (let step = 0; step < steps; step += 1) yield context.df.callActivity("noop", { step });
  return { steps };
});

df.app.orchestration("fan", function* (context) {
  const { steps } = context.df.getInput();
  const tasks = Array.from({ length: steps }, (_, step) => context.df.callActivity("noop", { step }));
  const results = yield context.df.Task.all(tasks);
  return { steps: results.length };
});

df.app.orchestration("marked", function* (context) {
  yield context.df.callActivity("mark", { name: context.df.instanceId });
  return {};
});

df.app.orchestration("event", function* (context) {
  yield context.df.callActivity("mark", { name: `${context.df.instanceId}-waits` });
  yield context.df.waitForExternalEvent("go");
  yield context.df.callActivity("mark", { name: context.df.instanceId });
  return {};
});

df.app.orchestration("held", function* (context) {
  yield context.df.callActivity("hold", { name: context.df.instanceId });
  return {};
});

app.http("start", {
  route: "start/{orchestration}/{instanceId}",
  methods: ["POST"],
  authLevel: "anonymous",
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const { orchestration, instanceId } = request.params;
    await df.getClient(context).startNew(orchestration, { instanceId, input: await request.json() });
    return { status: 202 };
  },
});

app.http("seen", {
  route: "seen",
  methods: ["GET"],
  authLevel: "anonymous",
  handler: () => ({ jsonBody: { ran, marks: marks.size, rssBytes: process.memoryUsage.rss() } }),
});

app.http("mark-of", {
  route: "marks/{name}",
  methods: ["GET"],
  authLevel: "anonymous",
  handler: (request) => ({ jsonBody: { ns: marks.get(request.params.name) ?? null } }),
});
