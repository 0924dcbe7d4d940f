import { MEMORY_STAGES } from "./bench.js";
import { conformance } from "./scenarios.js";

for (const stage of MEMORY_STAGES) conformance(stage);
