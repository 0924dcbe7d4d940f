import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { Engine } from "../../support/durable-engine.js";

let engine: Engine;
afterEach(() => engine.close());

const words = (output: unknown): string[] =>
  (output as { heard: (string | null)[] }).heard.filter((word) => word !== null);
const listens = (count: number, one: { afterMs: number; forMs: number }) => Array.from({ length: count }, () => one);

describe("a mailbox", () => {
  test("gives an event that comes while it waits, and nothing when its time limit passes first", async () => {
    engine = await Engine.open();
    await engine.start("listen", { listens: listens(2, { afterMs: 0, forMs: 1_000 }) });
    engine.raise(400, "word", { say: "hello" });
    expect(await engine.output()).toEqual({ heard: ["hello", null] });
  });

  test.each([999, 1_000, 1_001])("loses no event that comes %d ms after a wait of 1000 ms began", async (afterMs) => {
    engine = await Engine.open();
    await engine.start("listen", { listens: listens(3, { afterMs: 0, forMs: 1_000 }) });
    engine.raise(afterMs, "word", { say: "hello" });
    expect(words(await engine.output())).toEqual(["hello"]);
  });

  test("gives an event that came before the first wait, and one that came between two", async () => {
    engine = await Engine.open();
    await engine.start("listen", { listens: listens(2, { afterMs: 1_000, forMs: 500 }) });
    await engine.raiseNow("word", { say: "before" });
    engine.raise(1_700, "word", { say: "between" });
    expect(await engine.output()).toEqual({ heard: ["before", "between"] });
  });

  test("gives events that came together one at a time, in their order", async () => {
    engine = await Engine.open();
    await engine.start("listen", { listens: listens(3, { afterMs: 1_000, forMs: 500 }) });
    for (const say of ["one", "two", "three"]) await engine.raiseNow("word", { say });
    expect(words(await engine.output())).toEqual(["one", "two", "three"]);
  });

  test("passes over what it cannot read", async () => {
    engine = await Engine.open();
    await engine.start("listen", { listens: listens(1, { afterMs: 0, forMs: 1_000 }) });
    engine.raise(100, "word", { shout: true });
    engine.raise(200, "word", { say: "hello" });
    expect(await engine.output()).toEqual({ heard: ["hello"] });
  });

  test("gives each event once, whenever they come", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 3 }),
        async (moments, pauses) => {
          await engine?.close();
          engine = await Engine.open();
          await engine.start("listen", { listens: listens(12, { afterMs: pauses * 250, forMs: 1_000 }) });
          for (const [index, afterMs] of moments.entries()) engine.raise(afterMs, "word", { say: `${index}` });
          const heard = words(await engine.output());
          expect(heard.toSorted()).toEqual(moments.map((_, index) => `${index}`).toSorted());
        },
      ),
      { numRuns: 40 },
    );
  });
});
