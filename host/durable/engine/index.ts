/** The engine without the rest of the host, for tests and simulations. See "Seams" in `../../README.md`. */

export type { ActivityCall, ActivityEnd, ActivityRunner } from "./activities.js";
export { EngineTaskHub } from "./hub.js";
export type { EngineOptions } from "./options.js";
export { runInVirtualTime, seededRandom, VirtualClock } from "./virtual-time.js";
