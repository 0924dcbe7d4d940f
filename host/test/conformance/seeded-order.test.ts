import { seededStage } from "./bench.js";
import { conformance } from "./scenarios.js";

for (const seed of Array.from({ length: 5 }, (_, n) => n + 1)) conformance(seededStage(seed));
