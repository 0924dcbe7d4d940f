/**
 * The messages that were received from senders of webhooks. Shown in store-webhooks.suite.ts:
 *
 * W1. A message is recorded once: of all that arrive under one key, one makes the record ("of many messages under one
 *     key…").
 * W2. Its first result stands ("the first result of a message stands").
 * W3. A message without a result is found, because the entry that says so is written and removed in the transaction of
 *     the record ("a message that dies after any of its writes…").
 * W4. A message is forgotten whole or not at all, in the order in which the messages came ("old messages are…").
 */
import { z } from "zod";
import { toMs } from "../domain/text.js";
import { type ReceiptResult, WebhookReceipt } from "../domain/webhooks/receipt.js";
import type { Page, PageRequest } from "./page.js";
import { pageOf, readable } from "./paging.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Row, type RowOperation, type Table, TableConflict } from "./tables/port.js";
import { updateWithRetry } from "./update-with-retry.js";

const RECEIPT: Codec<WebhookReceipt> = { what: "webhook receipt", schema: 1, shape: WebhookReceipt };
const ENTRY: Codec<{ key: string }> = {
  what: "entry of a webhook receipt",
  schema: 1,
  shape: z.strictObject({ key: z.string() }),
};

/** All in one partition, because a record and its entries are written together. People send few messages. */
const RECEIPTS = "receipts";
const recordRow = (key: string): string => `m-${key}`;
const openRow = (key: string): string => `o-${key}`;
const timeRow = (receivedAt: string, key: string): string => `t-${timeOf(receivedAt)}-${key}`;
const timeOf = (instant: string): string => String(toMs(instant)).padStart(15, "0");

export async function insertReceipt(
  table: Table,
  key: string,
  receipt: WebhookReceipt,
): Promise<{ receipt: WebhookReceipt; created: boolean }> {
  const insert = (row: string): RowOperation => ({ kind: "insert", ...encode(ENTRY, row, { key }) });
  try {
    await table.transact(RECEIPTS, [
      { kind: "insert", ...encode(RECEIPT, recordRow(key), receipt) },
      ...(receipt.result === undefined ? [insert(openRow(key))] : []),
      insert(timeRow(receipt.receivedAt, key)),
    ]);
    return { receipt, created: true };
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
    const row = await table.get(RECEIPTS, recordRow(key));
    if (row === null) throw thrown;
    return { receipt: decode(RECEIPT, row), created: false };
  }
}

export function completeReceipt(table: Table, key: string, result: ReceiptResult): Promise<ReceiptResult> {
  return updateWithRetry(
    () => table.get(RECEIPTS, recordRow(key)),
    (row) => {
      if (row === null) return { answer: result };
      const receipt = decode(RECEIPT, row);
      if (receipt.result !== undefined) return { answer: receipt.result };
      const replaced = encode(RECEIPT, recordRow(key), { ...receipt, result });
      const write = () =>
        table.transact(RECEIPTS, [
          { kind: "replace", ...replaced, etag: row.etag },
          { kind: "delete", row: openRow(key) },
        ]);
      return { answer: result, write };
    },
  );
}

/** An unreadable record is left out and named: its decision stays without an effect. */
export async function listOpenReceipts(
  table: Table,
  request: PageRequest,
): Promise<Page<{ key: string; receipt: WebhookReceipt }>> {
  const toKey = ({ row }: Row): string => row.slice(openRow("").length);
  const { entries, ...page } = await pageOf(table, RECEIPTS, request, toKey, { prefix: openRow("") });
  const read = await readable(entries, async (key) => {
    const row = await table.get(RECEIPTS, recordRow(key));
    return row === null ? [] : [{ key, receipt: decode(RECEIPT, row) }];
  });
  return { ...page, ...read, entries: read.entries.flat() };
}

export async function purgeReceipts(table: Table, before: string, limit: number): Promise<number> {
  const { rows } = await table.list(RECEIPTS, { from: "t-", before: `t-${timeOf(before)}`, limit });
  for (const { row } of rows) await forget(table, row, row.slice(timeRow("1970-01-01T00:00:00.000Z", "").length));
  return rows.length;
}

async function forget(table: Table, entry: string, key: string): Promise<void> {
  const rows = [recordRow(key), openRow(key), entry];
  const found = await Promise.all(rows.map((row) => table.get(RECEIPTS, row)));
  const there = found.flatMap((row) => (row === null ? [] : [{ kind: "delete" as const, row: row.row }]));
  await table.transact(RECEIPTS, there).catch((thrown: unknown) => {
    // Another process forgets it at the same time.
    if (!(thrown instanceof TableConflict)) throw thrown;
  });
}
