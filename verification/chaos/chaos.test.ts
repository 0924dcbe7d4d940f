import { afterEach, beforeEach, expect, test } from "vitest";
import { Report } from "./report.js";
import { kills } from "./scenarios/kills.js";
import { storageRestarts } from "./scenarios/storage.js";
import { Stack } from "./stack.js";

let stack: Stack;
beforeEach(async () => {
  stack = await Stack.start({ seed: 5, speed: 4_000 });
});
afterEach(() => stack.remove());

/** A short form of `npm run chaos`. */
test("forty machines are recovered correctly while host and storage restart", async () => {
  const report = new Report(() => undefined);
  await kills(stack, report, 3);
  await storageRestarts(stack, report, 1);
  expect(report.findings).toEqual([]);
  expect(stack.user.completed.length).toBeGreaterThan(0);
});
