import type { VirtualClock } from "../../../host/durable/engine/index.js";
import type { Execution } from "../../../src/domain/execution.js";
import type { ItemRecord } from "../../../src/domain/items/item-record.js";
import { isEnded } from "../../../src/domain/plans/failure-policy.js";
import type { RowOperation, Table, Tables } from "../../../src/store/tables/port.js";
import type { Transaction } from "../evidence.js";
import type { Caller, FaultProxy } from "./fault-proxy.js";
import { requestScope } from "./request-scope.js";

/** Everything that all hosts wrote to the tables, in order. */
export class Journal {
  readonly transactions: Transaction[] = [];
  /** Executions whose record has not ended. */
  readonly running = new Set<string>();
  /** Running executions that were asked to cancel. */
  readonly cancelled = new Set<string>();
  /** Items that an execution holds. */
  readonly held = new Set<string>();
  #changed: (() => void) | undefined;
  #change: Promise<void> | undefined;

  /** Resolves when any host next makes something durable. */
  change(): Promise<void> {
    this.#change ??= new Promise((resolve) => {
      this.#changed = resolve;
    });
    return this.#change;
  }

  /** Resumes those who wait for a change. */
  wake(): void {
    this.#changed?.();
    this.#changed = undefined;
    this.#change = undefined;
  }

  add(transaction: Omit<Transaction, "n">): Transaction {
    const entry = { n: this.transactions.length + 1, ...transaction };
    this.transactions.push(entry);
    if (entry.table === "Executions") this.#follow(entry);
    else if (entry.table === "Items") this.#followItems(entry);
    this.wake();
    return entry;
  }

  #follow({ partition, operations }: Transaction): void {
    const record = operations.find(({ row }) => row === "record");
    if (!record?.json) return;
    const { status, cancelRequest } = JSON.parse(record.json) as Execution;
    const runs = !isEnded(status);
    belongs(this.running, partition, runs);
    belongs(this.cancelled, partition, runs && cancelRequest !== undefined);
  }

  #followItems({ operations }: Transaction): void {
    for (const { row, json } of operations) {
      belongs(this.held, row, json !== null && (JSON.parse(json) as ItemRecord).heldBy !== null);
    }
  }
}

function belongs(to: Set<string>, member: string, is: boolean): void {
  if (is) to.add(member);
  else to.delete(member);
}

/** The tables as one host reaches them: through the proxy, with every accepted transaction in the journal. */
export function proxiedTables(
  tables: Tables,
  { proxy, caller, journal, clock }: { proxy: FaultProxy; caller: Caller; journal: Journal; clock: VirtualClock },
): Tables {
  const proxied = (name: string, table: Table): Table => ({
    get: (partition, row) =>
      proxy.call(caller, "table-read", `${name}/${partition}/${row}`, () => table.get(partition, row)),
    list: (partition, range) =>
      proxy.call(caller, "table-read", `${name}/${partition}`, () => table.list(partition, range)),
    transact: (partition, operations) => {
      let written: Transaction | undefined;
      const write = async (): Promise<string[]> => {
        const etags = await table.transact(partition, operations);
        written = journal.add({
          atMs: clock.now(),
          table: name,
          partition,
          generation: caller.lifetime.generation,
          answered: true,
          ...ofRequest(),
          operations: operations.map(noted),
        });
        return etags;
      };
      return proxy.call(caller, "table-write", `${name}/${partition}/${rowsOf(operations)}`, write, (callResult) => {
        if (written) written.answered = callResult.answered;
      });
    },
  });
  const opened = new Map<string, Table>();
  return {
    table: (name) => {
      const table = opened.get(name) ?? proxied(name, tables.table(name));
      opened.set(name, table);
      return table;
    },
  };
}

function ofRequest(): Pick<Transaction, "request"> {
  const request = requestScope.getStore();
  return request === undefined ? {} : { request: request.n };
}

const noted = (operation: RowOperation): Transaction["operations"][number] => ({
  kind: operation.kind,
  row: operation.row,
  json: "json" in operation ? operation.json : null,
});

const rowsOf = (operations: readonly RowOperation[]): string => operations[0]?.row ?? "";
