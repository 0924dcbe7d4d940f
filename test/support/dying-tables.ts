import { createMemoryTables } from "../../src/store/tables/memory-tables.js";
import type { Tables } from "../../src/store/tables/port.js";
import { recordingPartitions } from "./small-services.js";

/** The process died. */
export class Died extends Error {}

/** Tables of a process that dies after a number of writes: no later call reaches them. */
export function dyingAfter(writes: number, tables: Tables): Tables {
  let left = writes;
  let isDead = false;
  const whileAlive = async <T>(call: () => Promise<T>): Promise<T> => {
    if (isDead) throw new Died();
    return call();
  };
  return {
    table: (name) => {
      const table = tables.table(name);
      return {
        get: (partition, row) => whileAlive(() => table.get(partition, row)),
        list: (partition, range) => whileAlive(() => table.list(partition, range)),
        transact: (partition, operations) =>
          whileAlive(async () => {
            isDead = left === 0;
            if (isDead) throw new Died();
            left -= 1;
            return table.transact(partition, operations);
          }),
      };
    },
  };
}

/**
 * Runs `act` on fresh tables once for each of its writes and kills it just before that write, and once to its end.
 * `check` then looks at the tables with a new process.
 *
 * @param prepare what was there before
 */
export async function atEachCrashPoint(
  prepare: (tables: Tables) => Promise<void>,
  act: (tables: Tables) => Promise<unknown>,
  check: (tables: Tables, died: boolean) => Promise<void>,
): Promise<number> {
  for (let writes = 0; ; writes += 1) {
    const tables = recordingPartitions(createMemoryTables());
    await prepare(tables);
    const died = await act(dyingAfter(writes, tables)).then(
      () => false,
      (thrown: unknown) => {
        if (thrown instanceof Died) return true;
        throw thrown;
      },
    );
    await check(tables, died);
    if (!died) return writes;
  }
}
