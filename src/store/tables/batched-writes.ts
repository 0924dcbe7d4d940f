import { createCoalescingQueue, type Pending } from "./coalescing-queue.js";
import { MAX_BATCH, type RowOperation, type Table, TableConflict } from "./port.js";

/** A transaction takes 4 MiB. A character can need two bytes, and base64 or escapes come on top. */
const MAX_BATCH_CHARACTERS = 1_000_000;

type Write = Pending<readonly RowOperation[], string[]>;

const lengthOf = (operations: readonly RowOperation[]): number =>
  operations.reduce((sum, operation) => sum + ("json" in operation ? operation.json.length : 0), 0);

/**
 * A table that sends writes of one partition as one transaction when they arrive together. Each caller still gets the
 * result of its own write: when the table refuses a batch, its writes are sent one by one.
 */
export function batchWrites(table: Table): Table {
  const transact = createCoalescingQueue<readonly RowOperation[], string[]>(
    (partition, batch) => writeBatch(table, partition, batch),
    takeBatch,
  );
  return {
    get: (partition, row) => table.get(partition, row),
    list: (partition, range) => table.list(partition, range),
    transact,
  };
}

/** A delete with an ETag is no part of a transaction: the client library has no place for that ETag. */
const standsAlone = (operations: readonly RowOperation[]): boolean =>
  operations.some((operation) => operation.kind === "delete" && operation.etag !== undefined);

/** The first write, and as many after it as fit into its transaction. No transaction has a row twice. */
function takeBatch(queue: Write[]): Write[] {
  const taken: Write[] = [];
  const rows = new Set<string>();
  let characters = 0;
  while (queue[0] !== undefined) {
    const operations = queue[0].request;
    characters += lengthOf(operations);
    const fits = rows.size + operations.length <= MAX_BATCH && characters <= MAX_BATCH_CHARACTERS;
    const isAlone = standsAlone(operations);
    if (taken.length > 0 && (!fits || isAlone || operations.some(({ row }) => rows.has(row)))) return taken;
    for (const { row } of operations) rows.add(row);
    taken.push(queue[0]);
    queue.shift();
    if (isAlone) return taken;
  }
  return taken;
}

async function writeBatch(table: Table, partition: string, batch: readonly Write[]): Promise<void> {
  try {
    const etags = await table.transact(
      partition,
      batch.flatMap(({ request }) => request),
    );
    let from = 0;
    for (const { request, resolve } of batch) {
      resolve(etags.slice(from, from + request.length));
      from += request.length;
    }
  } catch (error) {
    if (batch.length === 1 || !(error instanceof TableConflict)) throw error;
    for (const write of batch) await writeBatch(table, partition, [write]).catch(write.reject);
  }
}
