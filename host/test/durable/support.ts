import { EngineTaskHub } from "../../durable/engine/index.js";
import type { EngineOptions } from "../../durable/engine/options.js";
import { silentLogger } from "../../logger.js";
import { loadConformanceApp } from "../conformance/bench.js";

/** A hub of the conformance app, not opened yet; two over one store share it. */
export async function aHubOver(
  options: Pick<EngineOptions, "store" | "clock"> & Partial<EngineOptions>,
): Promise<EngineTaskHub> {
  return new EngineTaskHub({
    hubName: "Shared",
    app: await loadConformanceApp(),
    logger: silentLogger,
    maxConcurrentActivities: 20,
    maxConcurrentOrchestrators: 20,
    ...options,
  });
}
