import { expect, test } from "vitest";
import type { Row } from "../../../src/store/tables/port.js";
import { cachedByEtag } from "../../../src/store/tables/row-cache.js";

const row = (name: string, etag: string): Row => ({
  partition: "p",
  row: name,
  etag,
  schema: 1,
  json: `${name} ${etag}`,
});

/** A cached reader, and how often it really read. */
function reader(maxRows: number) {
  const reads: string[] = [];
  const read = cachedByEtag(({ json }: Row) => {
    reads.push(json);
    return json;
  }, maxRows);
  return { read, reads };
}

test("a row is read once for each of its ETags, and a changed row is read anew", () => {
  const { read, reads } = reader(10);
  expect([row("a", "1"), row("a", "1"), row("a", "2"), row("a", "2")].map(read)).toEqual(["a 1", "a 1", "a 2", "a 2"]);
  expect(reads).toEqual(["a 1", "a 2"]);
});

test("rows of the same name in other partitions are other rows", () => {
  const { read } = reader(10);
  read(row("a", "1"));
  expect(read({ ...row("a", "1"), partition: "q", json: "other" })).toBe("other");
});

test("a full cache forgets the row that was not read for longest", () => {
  const { read, reads } = reader(2);
  for (const name of ["a", "b", "a", "c", "a", "b"]) read(row(name, "1"));
  expect(reads).toEqual(["a 1", "b 1", "c 1", "b 1"]);
});
