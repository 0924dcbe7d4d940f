/*
 * What a row is on its way to the storage: JSON in the body of a request, alone or in a transaction.
 *
 * I1. Every text comes back as it was sent. Azurite splits the body of a transaction into lines, also at U+2028 and
 *     U+2029, and then answers 500. JSON may hold these two characters only inside of texts, where an escape means the
 *     same. Test: durable/history-store.suite.ts ("every character of a text").
 * I2. No transaction has more rows or bytes than the storage takes, whatever its texts are.
 *     Test: durable/history-store.test.ts ("rows that are larger in a request than in memory").
 */

import type { TableClient } from "@azure/data-tables";

type Policy = Parameters<TableClient["pipeline"]["addPolicy"]>[0];

const ESCAPES: Record<string, string> = { "\u2028": "\\u2028", "\u2029": "\\u2029" };

const escapeLineSeparators = (json: string): string =>
  json.replace(/[\u2028\u2029]/g, (separator) => ESCAPES[separator] ?? separator);

/** Escapes line separators in the bodies of requests to a table. */
export const lineSeparatorPolicy: Policy = {
  name: "escapeLineSeparators",
  sendRequest: (request, next) => {
    if (typeof request.body === "string") {
      request.body = escapeLineSeparators(request.body);
      request.headers.delete("Content-Length");
    }
    return next(request);
  },
};

/** The storage takes 100 rows; the rest is room for a sentinel. */
const MAX_ROWS = 95;
/** The storage takes 4 MiB; the rest is room for the headers of each row. */
const MAX_BYTES = 3_500_000;
/** A character of a text is at most `\u0000` in a request. Short texts are not measured more exactly. */
const MAX_BYTES_PER_CHARACTER = 6;
const SHORT = 500;
/** The name of a column, its type, and a number or a time. */
const COLUMN_BYTES = 100;

/** Divides the rows of one partition, in order, into transactions that the storage takes. */
export function* transactionChunks<R extends object>(rows: readonly R[]): Generator<R[]> {
  let chunk: R[] = [];
  let size = 0;
  for (const row of rows) {
    const bytes = Object.values(row).reduce<number>((sum, value) => sum + bytesOf(value), 0);
    if (chunk.length === MAX_ROWS || (chunk.length > 0 && size + bytes > MAX_BYTES)) {
      yield chunk;
      chunk = [];
      size = 0;
    }
    chunk.push(row);
    size += bytes;
  }
  yield chunk;
}

/** The size of a column in a request, or a little more. */
function bytesOf(value: unknown): number {
  if (typeof value !== "string") return COLUMN_BYTES;
  if (value.length < SHORT) return COLUMN_BYTES + value.length * MAX_BYTES_PER_CHARACTER;
  return COLUMN_BYTES + Buffer.byteLength(escapeLineSeparators(JSON.stringify(value)));
}
