import { app, EntityId, RetryOptions, TaskFailedError } from "durable-functions";

const MINUTE_MS = 60_000;
/** The package recurses once for each wait that is already over, so long lists are taken in parts. */
const WAITS_TOGETHER = 1_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const inMs = (context, ms) => new Date(context.df.currentUtcDateTime.getTime() + ms);
const messageOf = (error) => ({ message: error.message, declared: error instanceof TaskFailedError });

app.orchestration("Sequence", function* (context) {
  const seen = [];
  for (const step of ["a", "b", "c"]) seen.push(yield context.df.callActivity("Identity", step));
  return seen;
});

app.orchestration("Kinds", function* (context) {
  const kinds = [];
  for (const value of ["text", "", "5", 7, 1.5, null, undefined, [1, "a"], { nested: { n: null } }]) {
    kinds.push(yield context.df.callActivity("Kind", value));
  }
  const nothing = yield context.df.callActivity("Nothing");
  return { kinds, nothing, input: context.df.getInput() };
});

app.orchestration("Parallel", function* (context) {
  const { width } = context.df.getInput();
  const tasks = Array.from({ length: width }, (_, n) => context.df.callActivity("Identity", n));
  return yield context.df.Task.all(tasks);
});

app.orchestration("Retried", function* (context) {
  const { key, succeedsAt, attempts } = context.df.getInput();
  const retry = new RetryOptions(1000, attempts);
  try {
    return yield context.df.callActivityWithRetry("Flaky", retry, { key, succeedsAt });
  } catch (error) {
    return messageOf(error);
  }
});

app.orchestration("RetriedInParallel", function* (context) {
  const tasks = [1, 2, 3, 4].map((n) => {
    const retry = new RetryOptions(100 * n, 4);
    return context.df.callActivityWithRetry("Flaky", retry, { key: `${context.df.instanceId}-${n}`, succeedsAt: n });
  });
  return yield context.df.Task.all(tasks);
});

app.orchestration("RetryBesideFailure", function* (context) {
  const retried = context.df.callActivityWithRetry("Fail", new RetryOptions(1000, 2), { text: "retried" });
  try {
    yield context.df.Task.all([retried, context.df.callActivity("Fail", { text: "at once" })]);
  } catch {
    return "caught";
  }
});

app.orchestration("RetryTimeout", function* (context) {
  const retry = new RetryOptions(1000, 5);
  retry.retryTimeoutInMilliseconds = 500;
  return yield context.df.callActivityWithRetry("Fail", retry, { text: "never" });
});

app.orchestration("Timer", function* (context) {
  const before = context.df.currentUtcDateTime.getTime();
  const due = inMs(context, 1500);
  yield context.df.createTimer(due);
  return { early: context.df.currentUtcDateTime < due, waited: context.df.currentUtcDateTime.getTime() - before };
});

app.orchestration("LongTimer", function* (context) {
  const due = inMs(context, 10 * DAY_MS);
  yield context.df.createTimer(due);
  return { early: context.df.currentUtcDateTime < due };
});

app.orchestration("Approval", function* (context) {
  const { patienceMs } = context.df.getInput();
  const deadline = context.df.createTimer(inMs(context, patienceMs));
  const approval = context.df.waitForExternalEvent("approval");
  const winner = yield context.df.Task.any([approval, deadline]);
  if (winner === deadline) return "timed out";
  deadline.cancel();
  return approval.result;
});

app.orchestration("WaitInOrder", function* (context) {
  yield context.df.waitForExternalEvent("go");
  const first = yield context.df.waitForExternalEvent("early");
  const second = yield context.df.waitForExternalEvent("early");
  return [first, second];
});

app.orchestration("TwoWaits", function* (context) {
  return yield context.df.Task.all([context.df.waitForExternalEvent("tick"), context.df.waitForExternalEvent("tick")]);
});

app.orchestration("Event", function* (context) {
  return yield context.df.waitForExternalEvent("Go");
});

app.orchestration("Count", function* (context) {
  const { count } = context.df.getInput();
  yield context.df.waitForExternalEvent("begin");
  let sum = 0;
  for (let left = count; left > 0; left -= WAITS_TOGETHER) {
    const waits = Array.from({ length: Math.min(left, WAITS_TOGETHER) }, () =>
      context.df.waitForExternalEvent("number"),
    );
    for (const n of yield context.df.Task.all(waits)) sum += n;
  }
  return sum;
});

app.orchestration("Parent", function* (context) {
  const { childId } = context.df.getInput();
  return yield context.df.callSubOrchestrator("Child", { n: 1 }, childId);
});

app.orchestration("Child", function* (context) {
  const echoed = yield context.df.callActivity("Identity", context.df.getInput());
  return { id: context.df.instanceId, parent: context.df.parentInstanceId, echoed };
});

app.orchestration("Adopt", function* (context) {
  try {
    return yield context.df.callSubOrchestrator("Event", null, context.df.getInput().childId);
  } catch (error) {
    return messageOf(error);
  }
});

app.orchestration("Failures", function* (context) {
  const caught = [];
  const attempts = [
    () => context.df.callActivity("Fail", { text: "activity" }),
    () => context.df.callSubOrchestrator("Throws"),
    () => context.df.callActivity("NoSuchActivity", 1),
    () => context.df.callSubOrchestrator("NoSuchOrchestration"),
  ];
  for (const attempt of attempts) {
    try {
      yield attempt();
    } catch (error) {
      caught.push(error.message);
    }
  }
  return caught;
});

app.orchestration("Throws", function* () {
  throw new Error("[E-2] no");
});

app.orchestration("Status", function* (context) {
  context.df.setCustomStatus({ step: 1 });
  yield context.df.waitForExternalEvent("go");
  context.df.setCustomStatus({ step: 2 });
  return "done";
});

app.orchestration("StatusTooLong", function* (context) {
  context.df.setCustomStatus("x".repeat(context.df.getInput().length));
  return "done";
});

app.orchestration("Generations", function* (context) {
  const state = context.df.getInput() ?? { seen: [] };
  state.seen.push(yield context.df.waitForExternalEvent("tick"));
  if (state.seen.length < 3) context.df.continueAsNew(state);
  return state.seen;
});

app.orchestration("EarlyReturn", function* (context) {
  const slow = context.df.createTimer(inMs(context, 2000));
  const quick = context.df.callActivity("Identity", "quick");
  yield context.df.Task.any([quick, slow]);
  return "returned";
});

app.orchestration("CallsHttp", function* (context) {
  return yield context.df.callHttp({ method: "GET", url: "http://127.0.0.1:9/" });
});

app.orchestration("CallsEntity", function* (context) {
  return yield context.df.callEntity(new EntityId("Counter", "one"), "get");
});

app.orchestration("YieldsANumber", function* () {
  yield 5;
});

app.orchestration("Replaying", function* (context) {
  const flags = [context.df.isReplaying];
  yield context.df.callActivity("Identity", 1);
  flags.push(context.df.isReplaying);
  yield context.df.callActivity("Identity", 2);
  flags.push(context.df.isReplaying);
  return flags;
});

/** Calls another activity than before once its activity has run, as if the code had been changed meanwhile. */
const changed = new Set();
app.activity("ChangeCode", { handler: ({ id }) => void changed.add(id) });
app.orchestration("Changing", function* (context) {
  const id = context.df.instanceId;
  yield context.df.callActivity(changed.has(id) ? "Nothing" : "ChangeCode", { id });
  return "unchanged";
});

app.orchestration("Large", function* (context) {
  const text = yield context.df.callActivity("Big", { length: 100_000 });
  const echoed = yield context.df.callActivity("Identity", text);
  const child = yield context.df.callSubOrchestrator("Child", { text });
  return { activity: echoed === text, child: child.echoed.text === text, input: context.df.getInput().length, text };
});

/** Sends a text through everything that a host keeps of an orchestration. */
app.orchestration("Echo", function* (context) {
  const { text } = context.df.getInput();
  context.df.setCustomStatus({ text });
  const activity = yield context.df.callActivity("Identity", text);
  const child = yield context.df.callSubOrchestrator("Child", { text });
  try {
    yield context.df.callActivity("Fail", { text });
  } catch (error) {
    return { activity, child: child.echoed.text, failure: error.message.includes(text) };
  }
});

app.orchestration("Effects", function* (context) {
  const { steps } = context.df.getInput();
  const done = [];
  for (let step = 0; step < steps; step++) {
    done.push(yield context.df.callActivity("Effect", { instanceId: context.df.instanceId, step }));
  }
  return done;
});
