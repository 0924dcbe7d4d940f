import { afterAll, beforeAll, expect, test } from "vitest";
import { PageReader } from "../support/page-reader.js";

let reader: PageReader;
beforeAll(async () => {
  reader = await PageReader.open();
});
afterAll(() => reader.close());

test("the page of the two approvers does what it says when a reader types it word for word", async () => {
  expect(await reader.play("two-approvers")).toBeGreaterThan(10);
});
