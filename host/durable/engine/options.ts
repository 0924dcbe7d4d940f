import type { FunctionApp } from "../../app/function-app.js";
import type { Clock } from "../../clock.js";
import type { Logger } from "../../logger.js";
import type { HistoryStore, StoredInstance } from "../store/port.js";
import type { VersionMatch } from "../versions.js";
import type { ActivityRunner } from "./activities.js";
import type { InFlight } from "./in-flight.js";
import type { Inbox } from "./inbox.js";
import type { Projection } from "./projection.js";
import type { Message, Session } from "./session.js";

/** What an engine is made of. With another clock, store and choice it runs in virtual time and repeats a run exactly. */
export interface EngineOptions {
  hubName: string;
  app: FunctionApp;
  store: HistoryStore;
  clock: Clock;
  logger: Logger;
  /** Default: runs activities as functions of `app`. */
  activities?: ActivityRunner;
  maxConcurrentOrchestrators: number;
  maxConcurrentActivities: number;
  /** The most actions that one execution may request; an execution that requests more fails. Default: no limit. */
  maxActions?: number;
  /** Lets a start replace a running instance that has the same id. */
  replaceRunning?: boolean;
  /** The version of instances that are started without one. */
  defaultVersion?: string;
  /** Which versions of unfinished instances this engine runs. The hub does not open while others exist. Default: all. */
  versionMatch?: VersionMatch;
  /** `every-step` gives each message its own episode and runs every orchestrator twice to compare the answers. */
  replay?: "normal" | "every-step";
  /** Picks one of `count` possible next steps (0 to count - 1). Default: the one that has waited longest. */
  choose?: (count: number) => number;
  /** A fresh GUID with dashes. Default: a random one. */
  newGuid?: () => string;
  /** Called when the engine cannot continue because another host has taken the hub. */
  onFatal?: (error: Error) => void;
}

/** What the parts of an engine share, and what they ask of each other through it. */
export interface EngineContext {
  readonly options: EngineOptions;
  /** The sessions of all unfinished instances in memory, by instance id. */
  readonly sessions: Map<string, Session>;
  readonly inFlight: InFlight;
  readonly projection: Projection;
  readonly inbox: Inbox;
  readonly newGuid: () => string;
  /** Begins an instance whose row is in the store. */
  begin(instance: StoredInstance): Session;
  /** The session of an unfinished instance; undefined when the instance does not exist or has ended. */
  session(instanceId: string): Promise<Session | undefined>;
  deliver(session: Session, message: Message): void;
  /** Takes an instance out of memory that cannot go on, and shows why. It continues after a resume. */
  suspend(session: Session, error: unknown): void;
  fail(error: unknown, session?: Session): void;
}
