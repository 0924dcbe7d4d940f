import type { LogEntry, LogRecord } from "../domain/evidence/log-record.js";
import type { SealedEvent } from "../domain/evidence/sealed.js";

/** Where a record of the log is. Places are ordered by period and number. */
export interface LogPlace {
  period: string;
  seq: number;
}

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

  /** Notes where the log says that an execution was opened; the first one stays. */
  noteOpened(executionId: string, place: LogPlace): Promise<void>;
  getOpened(executionId: string): Promise<LogPlace | null>;
  /** Keeps the evidence of an execution with the place of its seal in the log; the first one stays. */
  putSealed(executionId: string, evidence: SealedEvent[], place: LogPlace): Promise<void>;
  getSealed(executionId: string): Promise<{ evidence: SealedEvent[]; place: LogPlace } | null>;
}
