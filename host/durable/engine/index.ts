/** The engine by itself, for tests and simulations: see `../../README.md`. */

export type { ActivityCall, ActivityEnd, ActivityRunner } from "./activities.js";
export { EngineTaskHub } from "./hub.js";
export type { EngineOptions } from "./options.js";
export { seededChoice } from "./seeded-choice.js";
export { VirtualClock } from "./virtual-clock.js";
export { runInVirtualTime } from "./virtual-time.js";
