import * as df from "durable-functions";
import { ACTIVITIES } from "../activities/index.js";
import { END_COMMIT_TIMER } from "../commands/commit-timer.js";
import { contextOf, services } from "../composition.js";
import { orchestrationsBinding } from "../durable/client.js";
import { ORCHESTRATORS } from "../orchestrators/index.js";

for (const [name, orchestrator] of ORCHESTRATORS) df.app.orchestration(name, orchestrator);

for (const activity of ACTIVITIES) {
  df.app.activity(activity.name, { handler: (input: unknown) => activity.handle(services, input) });
}

/** Starts an execution, so it needs the task hub, which no other activity does. */
df.app.activity(END_COMMIT_TIMER.name, {
  extraInputs: [orchestrationsBinding],
  handler: (input: unknown, invocation) => END_COMMIT_TIMER.handle(contextOf(invocation), input),
});
