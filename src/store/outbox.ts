/**
 * The outbox of notifications. Shown in store-notifications.suite.ts:
 *
 * O1. A message is added once, and stays until it is taken out or given up ("a message is added once…").
 * O2. What waits is found: its address is in the list of addresses before the message is written, and leaves the list
 *     only long after anything was added ("an address leaves the list when…").
 * O3. Of several who change a message at the same time one succeeds ("of two who take a message…").
 * O4. A message that is given up becomes a dead letter before it leaves the outbox, so none is lost ("a message that is
 *     given up…").
 * O5. Messages to one address do not make the reads of another one longer: each address has a partition ("messages are
 *     due by address").
 */
import { z } from "zod";
import { chunksOf } from "../domain/chunks.js";
import { DeadLetter, OutboxMessage } from "../domain/notifications/outbox.js";
import { Instant, toMs } from "../domain/text.js";
import { pageOf } from "./paging.js";
import type { Page, PageRequest, Tagged } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Row, type RowOperation, type Table, TableConflict } from "./tables/port.js";

const MESSAGE: Codec<OutboxMessage> = { what: "message of the outbox", schema: 1, shape: OutboxMessage };
const DEAD: Codec<DeadLetter> = { what: "dead letter", schema: 1, shape: DeadLetter };
const entry = <T extends z.ZodRawShape>(what: string, shape: T) => ({ what, schema: 1, shape: z.strictObject(shape) });
const WAITING = entry("entry of the outbox", { messageId: z.string() });
const ENDPOINT = entry("address of the outbox", { at: Instant });

const ENDPOINTS = "endpoints";
const DEAD_LETTERS = "dead-letters";
const partitionOf = (endpoint: string): string => `to-${endpoint}`;
const messageRow = (messageId: string): string => `m-${messageId}`;
const timeOf = (instant: string): string => String(toMs(instant)).padStart(15, "0");
const waitingRow = ({ nextAt, messageId }: OutboxMessage): string => `w-${timeOf(nextAt)}-${messageId}`;

/** Two rows each, in one transaction. */
const MESSAGES_AT_ONCE = 40;
const ENDPOINTS_AT_ONCE = 900;

/** An address is noted again when it was noted longer ago, and forgotten when that was much longer ago. */
const NOTED_FOR_MS = 5 * 60_000;
const FORGOTTEN_AFTER_MS = 15 * 60_000;

/** Adds messages. `noted` says when this process noted an address. */
export async function addMessages(
  table: Table,
  noted: Map<string, number>,
  messages: readonly OutboxMessage[],
  at: string,
): Promise<Tagged<OutboxMessage>[]> {
  const endpoints = [...new Set(messages.map(({ endpoint }) => endpoint))];
  const added = await Promise.all(
    endpoints.map(async (endpoint) => {
      const some = messages.filter((message) => message.endpoint === endpoint);
      await noteEndpoint(table, noted, endpoint, at);
      const chunks = await Promise.all(chunksOf(some, MESSAGES_AT_ONCE).map((chunk) => addTogether(table, chunk)));
      return chunks.flat();
    }),
  );
  return added.flat();
}

async function noteEndpoint(table: Table, noted: Map<string, number>, endpoint: string, at: string): Promise<void> {
  const nowMs = toMs(at);
  const isNoted = (noted.get(endpoint) ?? Number.NEGATIVE_INFINITY) > nowMs - NOTED_FOR_MS;
  if (isNoted) return;
  for (const [other, sinceMs] of noted) if (sinceMs <= nowMs - NOTED_FOR_MS) noted.delete(other);
  await table.transact(ENDPOINTS, [{ kind: "put", ...encode(ENDPOINT, endpoint, { at }) }]);
  noted.set(endpoint, nowMs);
}

/** All of them in one transaction; one by one when some of them are there. */
async function addTogether(table: Table, messages: readonly OutboxMessage[]): Promise<Tagged<OutboxMessage>[]> {
  const [first] = messages;
  if (first === undefined) return [];
  try {
    const etags = await table.transact(partitionOf(first.endpoint), messages.flatMap(insertionOf));
    return messages.map((value, at) => ({ value, etag: etags[2 * at] ?? "" }));
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
    if (messages.length === 1) return [];
    const added = await Promise.all(messages.map((message) => addTogether(table, [message])));
    return added.flat();
  }
}

const insertionOf = (message: OutboxMessage): RowOperation[] => [
  { kind: "insert", ...encode(MESSAGE, messageRow(message.messageId), message) },
  { kind: "put", ...encode(WAITING, waitingRow(message), { messageId: message.messageId }) },
];

export async function listEndpoints(table: Table): Promise<string[]> {
  const endpoints: string[] = [];
  for (let from = ""; ; ) {
    const { rows, more } = await table.list(ENDPOINTS, { from, limit: ENDPOINTS_AT_ONCE });
    endpoints.push(...rows.map(({ row }) => row));
    const last = rows.at(-1);
    if (!more || last === undefined) return endpoints;
    from = `${last.row}!`;
  }
}

/** An unreadable message is left out, and stays. */
export async function listDueMessages(
  table: Table,
  endpoint: string,
  by: string,
  limit: number,
): Promise<Tagged<OutboxMessage>[]> {
  const partition = partitionOf(endpoint);
  const before = `w-${timeOf(by)}-~`;
  const { rows } = await table.list(partition, { from: "w-", before, limit });
  const found = await Promise.all(rows.map(({ row }) => table.get(partition, messageRow(row.slice("w-".length + 16)))));
  return found.flatMap((row) => (row === null ? [] : readable(row)));
}

function readable(row: Row): Tagged<OutboxMessage>[] {
  try {
    return [{ value: decode(MESSAGE, row), etag: row.etag }];
  } catch {
    return [];
  }
}

export async function updateMessage(
  table: Table,
  before: Tagged<OutboxMessage>,
  after: OutboxMessage,
): Promise<Tagged<OutboxMessage> | null> {
  const [from, to] = [waitingRow(before.value), waitingRow(after)];
  const moved: RowOperation[] =
    from === to
      ? []
      : [
          { kind: "delete", row: from },
          { kind: "put", ...encode(WAITING, to, { messageId: after.messageId }) },
        ];
  const replaced = encode(MESSAGE, messageRow(after.messageId), after);
  try {
    const [etag = ""] = await table.transact(partitionOf(after.endpoint), [
      { kind: "replace", ...replaced, etag: before.etag },
      ...moved,
    ]);
    return { value: after, etag };
  } catch (thrown) {
    if (thrown instanceof TableConflict) return null;
    throw thrown;
  }
}

/** Whoever else changed the message meanwhile has attempted it too: it may stay, or be gone. */
export async function removeMessage(table: Table, { value }: Tagged<OutboxMessage>): Promise<void> {
  try {
    await table.transact(partitionOf(value.endpoint), [
      { kind: "delete", row: messageRow(value.messageId) },
      { kind: "delete", row: waitingRow(value) },
    ]);
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
  }
}

export async function buryMessage(table: Table, message: Tagged<OutboxMessage>, deadAt: string): Promise<void> {
  const { endpoint: _, nextAt: __, ...letter } = message.value;
  const id = `${inverted(deadAt)}-${letter.messageId}`;
  await table.transact(DEAD_LETTERS, [{ kind: "put", ...encode(DEAD, id, { ...letter, id, deadAt }) }]);
  await removeMessage(table, message);
}

const LAST_MS = 10 ** 15 - 1;
const inverted = (instant: string): string => String(LAST_MS - toMs(instant)).padStart(15, "0");

export async function forgetIdleEndpoint(table: Table, endpoint: string, at: string): Promise<void> {
  const row = await table.get(ENDPOINTS, endpoint);
  if (row === null || toMs(decode(ENDPOINT, row).at) > toMs(at) - FORGOTTEN_AFTER_MS) return;
  const { rows } = await table.list(partitionOf(endpoint), { limit: 1 });
  if (rows.length > 0) return;
  await table.transact(ENDPOINTS, [{ kind: "delete", row: endpoint, etag: row.etag }]).catch((thrown: unknown) => {
    if (!(thrown instanceof TableConflict)) throw thrown; // somebody noted it meanwhile
  });
}

export const listDeadLetters = (table: Table, page: PageRequest): Promise<Page<DeadLetter>> =>
  pageOf(table, DEAD_LETTERS, page, (row) => decode(DEAD, row));

export async function getDeadLetter(table: Table, id: string): Promise<DeadLetter | null> {
  const row = await table.get(DEAD_LETTERS, id);
  return row === null ? null : decode(DEAD, row);
}

export async function removeDeadLetter(table: Table, id: string): Promise<void> {
  try {
    await table.transact(DEAD_LETTERS, [{ kind: "delete", row: id }]);
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
  }
}

export async function purgeDeadLetters(table: Table, before: string, limit: number): Promise<number> {
  const { rows } = await table.list(DEAD_LETTERS, { from: inverted(before), limit });
  for (const { row } of rows) await removeDeadLetter(table, row);
  return rows.length;
}
