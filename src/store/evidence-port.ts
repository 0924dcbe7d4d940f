import type { Anchor } from "../domain/evidence/anchor.js";
import type { LogPlace } from "../domain/evidence/log-place.js";
import type { LogEntry, LogRecord } from "../domain/evidence/log-record.js";
import type { SealedEvent } from "../domain/evidence/sealed.js";

/** Records of the log in their order. `next` is the place after them; missing at the end. */
export interface LogPage {
  records: { period: string; record: LogRecord }[];
  next?: LogPlace;
}

/** The log of this installation, and the evidence of ended executions. Every method is safe to repeat. */
export interface EvidenceStore {
  /** Adds an entry to the log. After a crash it may be there twice, with the same `recordId`. */
  appendToLog(entry: LogEntry): Promise<LogPlace>;
  /** The log from a place on, from its beginning if that is null. */
  readLog(from: LogPlace | null, limit: number): Promise<LogPage>;

  /** The last record; null while the log is empty. */
  endOfLog(): Promise<{ seq: number; hash: string } | null>;
  /** Notes that a head of the log was kept elsewhere. */
  putAnchor(anchor: Anchor): Promise<void>;
  lastAnchor(): Promise<Anchor | null>;
  /** The first anchor at a record or after it; null while there is none. */
  anchorFrom(seq: number): Promise<Anchor | null>;

  /** Keeps the evidence of an execution with the place of its seal in the log; the first one stays. */
  putSealed(executionId: string, evidence: SealedEvent[], place: LogPlace): Promise<void>;
  getSealed(executionId: string): Promise<{ evidence: SealedEvent[]; place: LogPlace } | null>;
}
