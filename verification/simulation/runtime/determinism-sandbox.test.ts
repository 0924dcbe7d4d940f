import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { inDeterminismSandbox, untilIdle } from "./determinism-sandbox.js";

const FORBIDDEN: [what: string, use: () => unknown][] = [
  ["Date.now", () => Date.now()],
  ["a date of now", () => new Date()],
  ["Math.random", () => Math.random()],
  ["performance.now", () => performance.now()],
  ["setTimeout", () => setTimeout(() => undefined, 1)],
  ["setInterval", () => setInterval(() => undefined, 1)],
  ["a promised timeout", () => wait(1)],
  ["a new GUID", () => randomUUID()],
];

describe("inside the sandbox", () => {
  test.each(FORBIDDEN)("%s throws", async (_, use) => {
    await inDeterminismSandbox(async () => {
      expect(use).toThrow("come from the seed alone");
    });
  });

  test("a given time is converted", async () => {
    const text = await inDeterminismSandbox(async () => new Date(0).toISOString());
    expect(text).toBe("1970-01-01T00:00:00.000Z");
  });

  test("immediates run in the order of scheduling, those that they schedule afterwards", async () => {
    const order: string[] = [];
    await inDeterminismSandbox(async () => {
      setImmediate(() => {
        order.push("first");
        setImmediate(() => order.push("third"));
      });
      setImmediate(() => order.push("second"));
      await untilIdle();
    });
    expect(order).toEqual(["first", "second", "third"]);
  });
});

test("afterwards every global is what it was, also when the work throws", async () => {
  const globals = () => [Date, Math.random, performance.now, setTimeout, setInterval, setImmediate, randomUUID, wait];
  const before = globals();
  await expect(inDeterminismSandbox(() => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(globals()).toEqual(before);
});
