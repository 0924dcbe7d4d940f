/**
 * The evidence of executions, which nobody changes once it is there. The row that names its events is written last, so
 * evidence is whole or not there. Two processes that seal at the same moment write their events under different keys,
 * unless they are the same.
 */
import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { LogPlace } from "../domain/evidence/log-place.js";
import { SealedEvent } from "../domain/evidence/sealed.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Row, type Table, TableConflict } from "./tables/port.js";

const Seal = z.strictObject({ events: z.string(), count: z.int().min(1), place: LogPlace });
const SEAL: Codec<z.infer<typeof Seal>> = { what: "seal", schema: 1, shape: Seal };
const EVENT: Codec<SealedEvent> = { what: "event of evidence", schema: 1, shape: SealedEvent };

const SEAL_ROW = "seal";
const PAGE = 900;

const eventRow = (events: string, seq: number): string => `events.${events}.${String(seq).padStart(6, "0")}`;

/** False if the row exists already. */
async function insert(table: Table, partition: string, columns: ReturnType<typeof encode>): Promise<boolean> {
  try {
    await table.transact(partition, [{ kind: "insert", ...columns }]);
    return true;
  } catch (thrown) {
    if (thrown instanceof TableConflict) return false;
    throw thrown;
  }
}

export async function putSealed(
  table: Table,
  executionId: string,
  evidence: readonly SealedEvent[],
  place: LogPlace,
): Promise<void> {
  const events = evidence.at(-1)?.hash.slice(0, 16) ?? "";
  await Promise.all(
    evidence.map((event) => insert(table, executionId, encode(EVENT, eventRow(events, event.seq), event))),
  );
  await insert(table, executionId, encode(SEAL, SEAL_ROW, { events, count: evidence.length, place }));
}

export async function getSealed(
  table: Table,
  executionId: string,
): Promise<{ evidence: SealedEvent[]; place: LogPlace } | null> {
  const row = await table.get(executionId, SEAL_ROW);
  if (row === null) return null;
  const { events, count, place } = decode(SEAL, row);
  const rows: Row[] = [];
  for (let seq = 1; seq <= count; seq = rows.length + 1) {
    const from = eventRow(events, seq);
    const page = await table.list(executionId, { from, before: eventRow(events, count + 1), limit: PAGE });
    rows.push(...page.rows);
    if (page.rows.length === 0) break;
  }
  if (rows.length !== count) {
    throw new RecoveryError("row-unreadable", `the evidence of ${executionId} has ${rows.length} of ${count} events`);
  }
  return { evidence: rows.map((event) => decode(EVENT, event)), place };
}
