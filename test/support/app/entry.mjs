import * as df from "durable-functions";
import { ORCHESTRATORS } from "../../../src/orchestrators/index.js";

for (const [name, orchestrator] of ORCHESTRATORS) df.app.orchestration(name, orchestrator);
