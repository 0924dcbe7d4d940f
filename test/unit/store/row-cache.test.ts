import { expect, test } from "vitest";
import type { Row } from "../../../src/store/tables/port.js";
import { cachedByEtag } from "../../../src/store/tables/row-cache.js";

const rowOf = (row: string, etag: string, partition = "p"): Row => ({ partition, row, etag, schema: 1, json: "{}" });

/** A cache of up to two rows, and which rows it has read so far. */
function open() {
  const read: string[] = [];
  const readCached = cachedByEtag((row) => {
    read.push(`${row.partition}/${row.row} ${row.etag}`);
    return { ...row };
  }, 2);
  return { read, readCached };
}

test("a row is read once as long as it does not change", () => {
  const { read, readCached } = open();
  const first = readCached(rowOf("a", "1"));
  expect(readCached(rowOf("a", "1"))).toBe(first);
  expect(read).toEqual(["p/a 1"]);
});

test("a changed row is read again, and so is one that changes back", () => {
  const { readCached } = open();
  const etags = ["1", "2", "1"].map((etag) => readCached(rowOf("a", etag)).etag);
  expect(etags).toEqual(["1", "2", "1"]);
});

test("rows of the same key in two partitions are two rows", () => {
  const { readCached } = open();
  expect([readCached(rowOf("a", "1", "p")), readCached(rowOf("a", "1", "q"))]).toMatchObject([
    { partition: "p" },
    { partition: "q" },
  ]);
});

test("the row that was not read for longest is dropped", () => {
  const { read, readCached } = open();
  for (const row of ["a", "b", "a", "c", "a", "b"]) readCached(rowOf(row, "1"));
  expect(read).toEqual(["p/a 1", "p/b 1", "p/c 1", "p/b 1"]);
});
