import type { FunctionApp } from "../../app/function-app.js";
import type { Clock } from "../../clock.js";
import type { Logger } from "../../logger.js";
import type { HistoryStore } from "../store/port.js";
import type { VersionMatch } from "../versions.js";
import type { ActivityRunner } from "./activities.js";

/** What an engine is made of. Exchange the clock, the store and the choices, and it runs in virtual time, the same way each time. */
export interface EngineOptions {
  hubName: string;
  app: FunctionApp;
  store: HistoryStore;
  clock: Clock;
  logger: Logger;
  /** Defaults to running activities as functions of `app`. */
  activities?: ActivityRunner;
  /** How many orchestrators and activities may run at the same time. */
  maxConcurrentOrchestrators: number;
  maxConcurrentActivities: number;
  /** How many actions one execution may ask for; more fail it. No limit when absent. */
  maxActions?: number;
  /** Lets a start replace an instance of the same id that is still running. */
  replaceRunning?: boolean;
  /** The version of instances started without one. */
  defaultVersion?: string;
  /** Which versions of unfinished instances are taken up; the hub is not opened while there are others. All, when absent. */
  versionMatch?: VersionMatch;
  /** `every-step` gives each message an episode of its own and runs every orchestrator twice to compare the answers. */
  replay?: "normal" | "every-step";
  /** Picks one of `count` things that could happen next (0 to count - 1). Defaults to the one that has waited longest. */
  choose?: (count: number) => number;
  /** A fresh GUID with dashes. Defaults to a random one. */
  newGuid?: () => string;
  /** Called when the engine can't go on, because another host has taken the hub. */
  onFatal?: (error: Error) => void;
}
