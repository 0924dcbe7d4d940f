import { WebhookSource } from "../domain/webhooks/source.js";
import { pageOf } from "./paging.js";
import type { Page, PageRequest } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Table, TableConflict } from "./tables/port.js";
import { updateWithRetry } from "./update-with-retry.js";

const SOURCE: Codec<WebhookSource> = { what: "webhook source", schema: 1, shape: WebhookSource };
const SOURCES = "sources";

/** An unreadable row is not replaced. */
export function putSource(table: Table, source: WebhookSource): Promise<boolean> {
  const columns = encode(SOURCE, source.id, source);
  return updateWithRetry(
    () => table.get(SOURCES, source.id),
    (row) => {
      if (row === null) return { answer: true, write: () => table.transact(SOURCES, [{ kind: "insert", ...columns }]) };
      decode(SOURCE, row);
      const write = () => table.transact(SOURCES, [{ kind: "replace", ...columns, etag: row.etag }]);
      return { answer: false, write };
    },
  );
}

export async function getSource(table: Table, sourceId: string): Promise<WebhookSource | null> {
  const row = await table.get(SOURCES, sourceId);
  return row === null ? null : decode(SOURCE, row);
}

export const listSources = (table: Table, page: PageRequest): Promise<Page<WebhookSource>> =>
  pageOf(table, SOURCES, page, (row) => decode(SOURCE, row));

export async function removeSource(table: Table, sourceId: string): Promise<void> {
  try {
    await table.transact(SOURCES, [{ kind: "delete", row: sourceId }]);
  } catch (thrown) {
    if (!(thrown instanceof TableConflict && thrown.reason === "missing")) throw thrown;
  }
}
