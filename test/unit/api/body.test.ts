import { expect, test } from "vitest";
import { type BodySource, readBody } from "../../../src/api/body.js";

/** A body that arrives in these chunks. Without a length, as `Transfer-Encoding: chunked` sends it. */
function sourceOf(chunks: readonly (Uint8Array | string)[], headers: Record<string, string> = {}): BodySource {
  return {
    headers: { get: (name) => headers[name] ?? null },
    body: (async function* () {
      for (const chunk of chunks) yield chunk;
    })(),
  };
}

const code = (name: string) => expect.objectContaining({ code: name });
const inChunksOf = (size: number, text: string): Uint8Array[] => {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
};
const textOf = (bytes: number): string => JSON.stringify("x".repeat(bytes - 2));

test.each([1, 10, 99, 100])("the limit holds for the sum of all chunks of %i bytes", async (size) => {
  expect(await readBody(sourceOf(inChunksOf(size, textOf(100))), 100)).toBe("x".repeat(98));
  await expect(readBody(sourceOf(inChunksOf(size, textOf(101))), 100)).rejects.toEqual(code("body-too-large"));
});

test("a body over the limit is not read to its end", async () => {
  let sent = 0;
  const long: BodySource = {
    headers: { get: () => null },
    body: (async function* () {
      while (sent < 1_000) {
        sent += 1;
        yield Buffer.alloc(10, "x");
      }
    })(),
  };
  await expect(readBody(long, 100)).rejects.toEqual(code("body-too-large"));
  expect(sent).toBe(11);
});

test("an announced length over the limit is refused before the body is read", async () => {
  let isRead = false;
  const body = (async function* () {
    isRead = true;
    yield "{}";
  })();
  const source = { headers: { get: (name: string) => (name === "content-length" ? "101" : null) }, body };
  await expect(readBody(source, 100)).rejects.toEqual(code("body-too-large"));
  expect(isRead).toBe(false);
});

test("texts as chunks count in bytes, not in characters", async () => {
  const euros = ["€".repeat(16), "€".repeat(16)];
  expect(await readBody(sourceOf(['"', ...euros, '"']), 98)).toBe("€".repeat(32));
  await expect(readBody(sourceOf(['"', ...euros, '"']), 97)).rejects.toEqual(code("body-too-large"));
});

test("a character that two chunks share is one character", async () => {
  expect(await readBody(sourceOf(inChunksOf(2, '"a€b"')))).toBe("a€b");
  await expect(readBody(sourceOf([Buffer.from('"€"').subarray(0, 2)]))).rejects.toEqual(code("malformed-body"));
});

test("an empty body is no body", async () => {
  expect(await readBody(sourceOf([]))).toBeUndefined();
  expect(await readBody(sourceOf([" ", "\n"]))).toBeUndefined();
  expect(await readBody({ headers: { get: () => null }, body: null })).toBeUndefined();
});

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

test.each<[string, string, string]>([
  ["32 levels", nested(33), nested(34)],
  ["texts of 262,144 characters", JSON.stringify(["x".repeat(262_144)]), JSON.stringify(["x".repeat(262_145)])],
  ["a value for each 5 bytes", JSON.stringify(Array(209_714).fill(1)), JSON.stringify(Array(209_715).fill(1))],
])("content is limited: %s", async (_, largest, tooLarge) => {
  expect(await readBody(sourceOf(inChunksOf(65_536, largest)))).toEqual(JSON.parse(largest));
  await expect(readBody(sourceOf(inChunksOf(65_536, tooLarge)))).rejects.toEqual(code("malformed-body"));
});
