import { describe, expect, test } from "vitest";
import { RecoveryError } from "../../../src/domain/errors.js";
import { TableConflict } from "../../../src/store/tables/port.js";
import { updateWithRetry } from "../../../src/store/update-with-retry.js";

/** A counter with an ETag. Before each write of the first `rivals`, another writer increments it. */
class Counter {
  value = 0;
  etag = 0;
  reads = 0;
  #rivals: number;
  readonly #conflict: () => Error;

  constructor(rivals: number, conflict: () => Error) {
    this.#rivals = rivals;
    this.#conflict = conflict;
  }

  readonly read = async () => {
    this.reads += 1;
    return { value: this.value, etag: this.etag };
  };

  async write(value: number, etag: number): Promise<void> {
    if (this.#rivals > 0) {
      this.#rivals -= 1;
      this.value += 1;
      this.etag += 1;
    }
    if (etag !== this.etag) throw this.#conflict();
    this.value = value;
    this.etag += 1;
  }
}

const increment = (counter: Counter, maxAttempts?: number): Promise<number> =>
  updateWithRetry(
    counter.read,
    ({ value, etag }) => ({ answer: value + 10, write: () => counter.write(value + 10, etag) }),
    maxAttempts,
  );

const CONFLICTS = [
  ["a table conflict", () => new TableConflict("changed", "row")],
  ["an etag-mismatch", () => new RecoveryError("etag-mismatch", "it was changed")],
] as const;

describe.each(CONFLICTS)("an update that meets %s", (_name, conflict) => {
  test("I1 is decided again on the value of the faster writer, so that no write is lost", async () => {
    const counter = new Counter(3, conflict);
    expect(await increment(counter)).toBe(13);
    expect(counter).toMatchObject({ value: 13, reads: 4 });
  });

  test("fails with the conflict after the given number of attempts", async () => {
    const counter = new Counter(3, conflict);
    await expect(increment(counter, 3)).rejects.toThrow(conflict().message);
    expect(counter.reads).toBe(3);
  });
});

test("an update without a write answers at once", async () => {
  const counter = new Counter(0, () => new Error("unused"));
  expect(await updateWithRetry(counter.read, ({ value }) => ({ answer: `still ${value}` }))).toBe("still 0");
});

test("I2 an error of the decision is final, also an etag-mismatch, and so is any other error of the write", async () => {
  const counter = new Counter(0, () => new Error("unused"));
  const refused = updateWithRetry(counter.read, () => {
    throw new RecoveryError("etag-mismatch", "the item has left the state that the caller saw");
  });
  await expect(refused).rejects.toThrow("etag-mismatch");
  const broken = updateWithRetry(counter.read, () => ({ answer: 0, write: () => Promise.reject(new Error("broken")) }));
  await expect(broken).rejects.toThrow("broken");
  expect(counter.reads).toBe(2);
});
