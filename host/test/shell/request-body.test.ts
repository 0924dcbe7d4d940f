import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { readText } from "../../durable/management/request-body.js";
import { BodyTooLargeError, bodyChunks, MAX_BODY_BYTES, readBody } from "../../http/request-body.js";

/** A request whose body arrives in these chunks, without a length unless the headers have one. */
const requestOf = (chunks: Iterable<Buffer>, headers: Record<string, string> = {}): IncomingMessage =>
  Object.assign(Readable.from(chunks), { headers }) as unknown as IncomingMessage;

const times = (count: number, bytes: number): Buffer[] => Array(count).fill(Buffer.alloc(bytes, "1"));

describe("a body in chunks", () => {
  test.each([1, 7, 50, 100])("is limited by the sum of its chunks of %i bytes", async (size) => {
    const fits = times(Math.floor(100 / size), size);
    expect((await readBody(requestOf(fits), 100)).length).toBe(fits.length * size);
    await expect(readBody(requestOf([...fits, Buffer.alloc(size)]), 100)).rejects.toBeInstanceOf(BodyTooLargeError);
  });

  test("is passed on up to the limit and not a chunk further", async () => {
    const passed: number[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of bodyChunks(requestOf(times(20, 10)), 100)) passed.push(chunk.length);
    };
    await expect(read()).rejects.toBeInstanceOf(BodyTooLargeError);
    expect(passed).toEqual(Array(10).fill(10));
  });

  test("is refused at once when its announced length is over the limit", async () => {
    const request = requestOf([Buffer.from("x")], { "content-length": "101" });
    await expect(readBody(request, 100)).rejects.toBeInstanceOf(BodyTooLargeError);
  });

  test("has a limit of 100 MiB for functions and for the management API", async () => {
    const chunk = 10 * 1_048_576;
    expect(MAX_BODY_BYTES).toBe(10 * chunk);
    const lengthOf = ({ length }: Buffer | string): number => length;
    const whole = readBody(requestOf(times(11, chunk))).then(lengthOf);
    await expect(whole).rejects.toBeInstanceOf(BodyTooLargeError);
    await expect(readText(requestOf(times(11, chunk))).then(lengthOf)).rejects.toMatchObject({ status: 413 });
  });
});
