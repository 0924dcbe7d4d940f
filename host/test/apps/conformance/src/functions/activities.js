import { appendFileSync } from "node:fs";
import { app } from "durable-functions";

const attempts = new Map();

app.activity("Identity", { handler: (value) => value });
app.activity("Kind", { handler: (value) => ({ kind: value === null ? "null" : typeof value, value: value ?? null }) });
app.activity("Nothing", { handler: () => undefined });
app.activity("Fail", { handler: ({ text }) => Promise.reject(new Error(`[E-1] ${text}`)) });
app.activity("Big", { handler: ({ length }) => "x".repeat(length) });

/** Fails until it has been called `succeedsAt` times under its key. */
app.activity("Flaky", {
  handler: ({ key, succeedsAt }) => {
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    if (attempt < succeedsAt) throw new Error(`attempt ${attempt}`);
    return attempt;
  },
});

/** Leaves one line per call in the file that the setting EFFECTS names. */
app.activity("Effect", {
  handler: ({ instanceId, step }) => {
    appendFileSync(process.env.EFFECTS, `${JSON.stringify({ instanceId, step })}\n`);
    return step;
  },
});
