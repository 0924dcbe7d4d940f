import * as df from "durable-functions";
import { ACTIVITIES } from "../activities/index.js";
import { services } from "../composition.js";
import { ORCHESTRATORS } from "../orchestrators/index.js";

for (const [name, orchestrator] of ORCHESTRATORS) df.app.orchestration(name, orchestrator);

for (const activity of ACTIVITIES) {
  df.app.activity(activity.name, { handler: (input: unknown) => activity.handle(services, input) });
}
