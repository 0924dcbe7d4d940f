/*
 * What a row is on its way to the storage: JSON in the body of a request, alone or in a transaction.
 *
 * I1. Every text comes back as it was sent. Bodies are ASCII, because Azurite splits a transaction also at U+2028 and
 *     U+2029 and then answers 500, and because it decodes each packet of another request by itself, which destroys
 *     characters between two packets. JSON may hold such characters only inside of texts, where an escape means the
 *     same. Test: durable/any-text.test.ts ("every character comes back", "a long text of").
 * I2. No transaction has more rows or bytes than the storage takes, whatever its texts are.
 *     Test: durable/any-text.test.ts ("many long texts").
 */

import type { TableClient } from "@azure/data-tables";

type Policy = Parameters<TableClient["pipeline"]["addPolicy"]>[0];

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

const asciiJson = (json: string): string => json.replace(/[\u0080-\uffff]/g, escaped);

/** Makes the bodies of requests to a table ASCII. */
export const asciiBodyPolicy: Policy = {
  name: "asciiBody",
  sendRequest: (request, next) => {
    if (typeof request.body === "string") {
      request.body = asciiJson(request.body);
      request.headers.delete("Content-Length");
    }
    return next(request);
  },
};

/** The storage takes 100 rows; the rest is room for a sentinel. */
const MAX_ROWS = 95;
/** The storage takes 4 MiB; the rest is room for the headers of each row. */
const MAX_BYTES = 3_500_000;
/** A character is at most an escape in a request. Short texts are not measured more exactly. */
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
  return COLUMN_BYTES + asciiJson(JSON.stringify(value)).length;
}
