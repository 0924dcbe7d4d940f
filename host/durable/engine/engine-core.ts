import type { StoredInstance } from "../store/port.js";
import type { Idle } from "./idle.js";
import type { EngineOptions } from "./options.js";
import type { Projection } from "./projection.js";
import type { Message, Session } from "./session.js";

/** What the parts of the engine ask of the whole. */
export interface EngineCore {
  readonly options: EngineOptions;
  readonly sessions: ReadonlyMap<string, Session>;
  readonly idle: Idle;
  readonly projection: Projection;
  readonly newGuid: () => string;
  /** Begins an instance whose row is in the store. */
  begin(instance: StoredInstance): Session;
  /** The unfinished instance of that id; undefined when there is none or it has ended. */
  session(instanceId: string): Promise<Session | undefined>;
  deliver(session: Session, message: Message): void;
  fail(error: unknown, session?: Session): void;
}
