import { beforeEach, describe, expect, test } from "vitest";
import { BEGINNING, chainOf } from "../../src/domain/evidence/chain.js";
import { LOG_CHAIN, type LogEntry } from "../../src/domain/evidence/log-record.js";
import type { SealedEvent } from "../../src/domain/evidence/sealed.js";
import type { Store } from "../../src/store/port.js";
import { sha256 } from "../../src/store/sha256.js";
import { createStore } from "../../src/store/store.js";
import type { Table, Tables } from "../../src/store/tables/port.js";

const ID = "11111111-1111-8111-8111-111111111111";
const entry = (recordId: string, at = "2026-03-02T09:00:00.000Z"): LogEntry => ({
  ...{ kind: "execution-sealed", recordId, at, about: { executionId: ID }, count: 1, head: "ab".repeat(32) },
});

/** The whole log, page by page. */
async function logOf(store: Store) {
  const found = [];
  for (let next: Parameters<Store["readLog"]>[0] | undefined = null; next !== undefined; ) {
    const page: Awaited<ReturnType<Store["readLog"]>> = await store.readLog(next, 7);
    found.push(...page.records);
    next = page.next;
  }
  return found;
}

/** The entries of the log in order, after a look at its chain. */
async function wholeLog(store: Store): Promise<string[]> {
  const records = (await logOf(store)).map(({ record }) => record);
  const contents = records.map(({ content }) => content);
  expect(records).toEqual(chainOf(LOG_CHAIN, contents, sha256));
  return contents.map(({ recordId }) => recordId);
}

/** Tables whose writes of some partition take effect, and whose answers are then lost. */
function losingAnswers(tables: Tables, isLost: () => boolean): Tables {
  const losing = (table: Table): Table => ({
    ...table,
    transact: async (partition, operations) => {
      const written = await table.transact(partition, operations);
      // As the client library does it: the same request again, which now meets its own effect.
      return isLost() ? table.transact(partition, operations) : written;
    },
  });
  return { table: (name) => losing(tables.table(name)) };
}

/** The log and sealed evidence in a store. */
export function storeEvidenceSuite(name: string, openTables: () => Tables): void {
  describe(`evidence in ${name}`, () => {
    let tables: Tables;
    let store: Store;
    beforeEach(() => {
      tables = openTables();
      store = createStore(tables);
    });

    test("entries of several processes at the same time are one chain without gap and fork", async () => {
      const others = [store, createStore(tables), createStore(tables)];
      const ids = Array.from({ length: 250 }, (_, at) => `entry-${at}`);
      const places = await Promise.all(ids.map((id, at) => others[at % 3]?.appendToLog(entry(id))));
      expect((await wholeLog(store)).sort()).toEqual([...ids].sort());
      expect(new Set(places.map((place) => place?.seq)).size).toBe(250);
    });

    test("a period is closed before the next one begins, and a clock that is behind does not fork the chain", async () => {
      const slow = createStore(tables);
      await store.appendToLog(entry("a"));
      await slow.appendToLog(entry("b"));
      expect(await store.appendToLog(entry("c", "2026-04-01T00:00:00.000Z"))).toEqual({ period: "2026-04", seq: 3 });
      expect(await slow.appendToLog(entry("d", "2026-03-31T23:59:59.999Z"))).toEqual({ period: "2026-04", seq: 4 });
      expect(await createStore(tables).appendToLog(entry("e"))).toEqual({ period: "2026-04", seq: 5 });
      expect(await wholeLog(store)).toEqual(["a", "b", "c", "d", "e"]);
      expect((await store.readLog({ period: "2026-04", seq: 0 }, 1)).records[0]?.record.seq).toBe(3);
    });

    test("processes that begin the log in two periods begin it together", async () => {
      await Promise.all([
        store.appendToLog(entry("a", "2026-03-31T23:59:59.000Z")),
        createStore(tables).appendToLog(entry("b", "2026-04-01T00:00:00.000Z")),
      ]);
      expect((await wholeLog(store)).sort()).toEqual(["a", "b"]);
    });

    test("a write whose answer is lost is in the log once", async () => {
      let writes = 0;
      const losing = createStore(losingAnswers(tables, () => ++writes % 2 === 0));
      for (const id of ["a", "b", "c", "d"]) await losing.appendToLog(entry(id));
      expect(await wholeLog(store)).toEqual(["a", "b", "c", "d"]);
    });

    test("the first seal stays, and evidence of many events comes back whole", async () => {
      const eventsAt = (at: string): SealedEvent[] =>
        chainOf(
          `execution:${ID}`,
          Array.from({ length: 950 }, () => ({ kind: "sealed" as const, at })),
          sha256,
        );
      const [first, second] = [eventsAt("2026-03-02T09:00:00.000Z"), eventsAt("2026-03-02T10:00:00.000Z")];
      expect(await store.getSealed(ID)).toBeNull();
      await store.putSealed(ID, first, { period: "2026-03", seq: 1 });
      await store.putSealed(ID, second, { period: "2026-03", seq: 2 });
      expect(await store.getSealed(ID)).toEqual({ evidence: first, place: { period: "2026-03", seq: 1 } });
      expect(first[0]?.previousHash).toBe(BEGINNING);
    });
  });
}
