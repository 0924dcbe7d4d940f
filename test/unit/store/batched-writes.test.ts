import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { batchWrites } from "../../../src/store/tables/batched-writes.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { MAX_BATCH, type RowOperation, type Table, TableConflict } from "../../../src/store/tables/port.js";

const insert = (row: string, json = "{}"): RowOperation => ({ kind: "insert", row, schema: 1, json });

describe("batched writes", () => {
  let under: Table;
  let batched: Table;
  /** Rows of each transaction that the table was asked for. */
  let transactions: string[][];

  beforeEach(() => {
    const table = createMemoryTables().table("Rows");
    transactions = [];
    under = {
      ...table,
      transact: (partition, operations) => {
        transactions.push(operations.map(({ row }) => row));
        return table.transact(partition, operations);
      },
    };
    batched = batchWrites(under);
  });

  test("writes of the same moment are one transaction, and each caller gets its own ETags", async () => {
    const answers = await Promise.all([
      batched.transact("p", [insert("a"), insert("b")]),
      batched.transact("p", [insert("c")]),
    ]);
    expect(transactions).toEqual([["a", "b", "c"]]);
    const stored = await Promise.all(["a", "b", "c"].map(async (row) => (await under.get("p", row))?.etag));
    expect(answers).toEqual([stored.slice(0, 2), stored.slice(2)]);
  });

  test("writes of other partitions have a transaction of their own", async () => {
    await Promise.all([batched.transact("p", [insert("a")]), batched.transact("q", [insert("a")])]);
    expect(transactions).toEqual([["a"], ["a"]]);
  });

  test("writes that arrive while a transaction is under way are the next transaction", async () => {
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let begun = (): void => undefined;
    const underWay = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const slow = batchWrites({
      ...under,
      transact: async (partition, operations) => {
        begun();
        await held;
        return under.transact(partition, operations);
      },
    });
    const first = slow.transact("p", [insert("a")]);
    await underWay;
    const others = [slow.transact("p", [insert("b")]), slow.transact("p", [insert("c")])];
    goOn();
    await Promise.all([first, ...others]);
    expect(transactions).toEqual([["a"], ["b", "c"]]);
  });

  test("a refused write does not fail the others of its batch", async () => {
    await batched.transact("p", [insert("taken")]);
    const results = await Promise.allSettled([
      batched.transact("p", [insert("a")]),
      batched.transact("p", [insert("b"), insert("taken")]),
      batched.transact("p", [insert("c")]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { reason: "exists", row: "taken" } });
    const found = await Promise.all(["a", "b", "c"].map((row) => under.get("p", row)));
    expect(found.map((row) => row !== null)).toEqual([true, false, true]);
  });

  test("an unreachable table fails every write of the batch, and later writes work", async () => {
    let away = true;
    const flaky = batchWrites({
      ...under,
      transact: (partition, operations) =>
        away ? Promise.reject(new Error("away")) : under.transact(partition, operations),
    });
    const asked = [flaky.transact("p", [insert("a")]), flaky.transact("p", [insert("b")])];
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    away = false;
    await flaky.transact("p", [insert("a")]);
    expect(transactions).toEqual([["a"]]);
  });

  test("a transaction has no row twice, and writes of a row keep their order", async () => {
    const put = (json: string): RowOperation => ({ kind: "put", row: "a", schema: 1, json });
    await Promise.all(["1", "2", "3"].map((json) => batched.transact("p", [put(json)])));
    expect(transactions).toEqual([["a"], ["a"], ["a"]]);
    expect((await under.get("p", "a"))?.json).toBe("3");
  });

  test("no batch exceeds the limits of a transaction", async () => {
    const rows = Array.from({ length: 250 }, (_, index) => `row-${index}`);
    await Promise.all(rows.map((row) => batched.transact("p", [insert(row)])));
    expect(transactions.map(({ length }) => length)).toEqual([MAX_BATCH, MAX_BATCH, 50]);
    transactions.length = 0;
    const large = JSON.stringify("x".repeat(400_000));
    await Promise.all(["a", "b", "c"].map((row) => batched.transact("p", [insert(row, large)])));
    expect(transactions).toEqual([["a", "b"], ["c"]]);
  });

  test("concurrent writes have the same results as sequential ones", async () => {
    const anyWrite = fc.record({
      kind: fc.constantFrom("insert" as const, "put" as const, "delete" as const),
      rows: fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 3 }),
    });
    const tell = async (table: Table, writes: readonly (readonly RowOperation[])[], together: boolean) => {
      const outcomes: string[] = [];
      const ask = async (operations: readonly RowOperation[], at: number) => {
        outcomes[at] = await table.transact("p", operations).then(
          () => "done",
          (thrown: unknown) => (thrown instanceof TableConflict ? `${thrown.reason} ${thrown.row}` : "?"),
        );
      };
      if (together) await Promise.all(writes.map(ask));
      else for (const [at, write] of writes.entries()) await ask(write, at);
      const { rows } = await table.list("p", { limit: 10 });
      return { outcomes, rows: rows.map(({ row, json }) => [row, json]) };
    };
    await fc.assert(
      fc.asyncProperty(fc.array(anyWrite, { maxLength: 8 }), async (writes) => {
        const operations = writes.map(({ kind, rows }, at) =>
          rows.map(
            (row): RowOperation => (kind === "delete" ? { kind, row } : { kind, row, schema: 1, json: `${at}` }),
          ),
        );
        const alone = await tell(createMemoryTables().table("Rows"), operations, false);
        const beside = await tell(batchWrites(createMemoryTables().table("Rows")), operations, true);
        expect(beside).toEqual(alone);
      }),
    );
  });
});
