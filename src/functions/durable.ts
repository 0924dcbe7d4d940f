import * as df from "durable-functions";
import { ACTIVITIES } from "../activities/index.js";
import { STARTING_ACTIVITIES } from "../commands/starting-activities.js";
import { contextOf, services } from "../composition.js";
import { orchestrationsBinding } from "../durable/client.js";
import { ORCHESTRATORS } from "../orchestrators/index.js";

for (const [name, orchestrator] of ORCHESTRATORS) df.app.orchestration(name, orchestrator);

for (const activity of ACTIVITIES) {
  df.app.activity(activity.name, { handler: (input: unknown) => activity.handle(services, input) });
}

/** They start executions, so they need the task hub, which no other activity does. */
for (const starting of STARTING_ACTIVITIES) {
  df.app.activity(starting.name, {
    extraInputs: [orchestrationsBinding],
    handler: (input: unknown, invocation) => starting.handle(contextOf(invocation), input),
  });
}
