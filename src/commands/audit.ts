import { RecoveryError } from "../domain/errors.js";
import type { LogPlace } from "../domain/evidence/log-place.js";
import type { LogRecord } from "../domain/evidence/log-record.js";
import type { Store } from "../store/port.js";

export interface AuditPage {
  entries: LogRecord[];
  cursor?: string;
}

/** A page of the log, oldest first. */
export async function readAudit(
  store: Pick<Store, "readLog">,
  { limit, cursor, period }: { limit: number; cursor?: string | undefined; period?: string | undefined },
): Promise<AuditPage> {
  const start = period === undefined ? null : { period, seq: 0 };
  const { records, next } = await store.readLog(cursor === undefined ? start : placeAt(cursor), limit);
  const entries = records.map(({ record }) => record);
  return next === undefined ? { entries } : { entries, cursor: `${next.period}.${next.seq}` };
}

function placeAt(cursor: string): LogPlace {
  const [, period, seq] = /^(\d{4}-\d{2})\.(\d{1,12})$/.exec(cursor) ?? [];
  if (period === undefined) throw new RecoveryError("invalid-input", "the cursor is not one of an earlier page");
  return { period, seq: Number(seq) };
}
