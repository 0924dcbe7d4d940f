import { BATCH, type RowOperation, type Table, TableConflict } from "./port.js";

/** A transaction takes 4 MiB; text may be two bytes a character, and base64 or escapes come on top. */
const MOST_JOINED_CHARACTERS = 1_000_000;

interface Waiting {
  operations: readonly RowOperation[];
  resolve(etags: string[]): void;
  reject(error: unknown): void;
}

const lengthOf = (operations: readonly RowOperation[]): number =>
  operations.reduce((sum, operation) => sum + ("json" in operation ? operation.json.length : 0), 0);

/**
 * A table on which writes of one partition that are asked for at the same moment, or while an earlier one is under
 * way, travel as one transaction. Each caller still gets what its own write came to: when a joined one is refused,
 * its parts are written one by one.
 */
export function joiningWrites(table: Table): Table {
  const queues = new Map<string, Waiting[]>();

  const drain = async (partition: string, queue: Waiting[]): Promise<void> => {
    while (queue.length > 0) await writeTogether(table, partition, takeJoinable(queue));
    queues.delete(partition);
  };

  return {
    get: (partition, row) => table.get(partition, row),
    list: (partition, range) => table.list(partition, range),
    transact: (partition, operations) =>
      new Promise((resolve, reject) => {
        const waiting = { operations, resolve, reject };
        const queue = queues.get(partition);
        if (queue) {
          queue.push(waiting);
          return;
        }
        const begun = [waiting];
        queues.set(partition, begun);
        setImmediate(() => void drain(partition, begun));
      }),
  };
}

/** The first of the queue and as many after it as fit beside it; no row twice. */
function takeJoinable(queue: Waiting[]): Waiting[] {
  const taken: Waiting[] = [];
  const rows = new Set<string>();
  let characters = 0;
  while (queue[0] !== undefined) {
    const { operations } = queue[0];
    characters += lengthOf(operations);
    const fits = rows.size + operations.length <= BATCH && characters <= MOST_JOINED_CHARACTERS;
    if (taken.length > 0 && (!fits || operations.some(({ row }) => rows.has(row)))) return taken;
    for (const { row } of operations) rows.add(row);
    taken.push(queue[0]);
    queue.shift();
  }
  return taken;
}

async function writeTogether(table: Table, partition: string, joined: readonly Waiting[]): Promise<void> {
  try {
    const operations = joined.flatMap((waiting) => waiting.operations);
    const etags = await table.transact(partition, operations);
    let from = 0;
    for (const { operations: own, resolve } of joined) {
      resolve(etags.slice(from, from + own.length));
      from += own.length;
    }
  } catch (error) {
    if (joined.length === 1 || !(error instanceof TableConflict)) {
      for (const { reject } of joined) reject(error);
      return;
    }
    for (const waiting of joined) await writeTogether(table, partition, [waiting]);
  }
}
