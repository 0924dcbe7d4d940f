import { describe, expect, test } from "vitest";
import { shrink } from "./shrink.js";

const PARTS = Array.from({ length: 40 }, (_, index) => `part/${index}`);

/** A run that fails when it contains all of these parts. */
const failsWith =
  (needed: readonly string[]) =>
  async (omit: readonly string[]): Promise<boolean> =>
    needed.every((part) => !omit.includes(part));

describe("shrinking a failing run", () => {
  test.each([
    ["one part is needed", ["part/17"]],
    ["two parts far apart are needed", ["part/0", "part/39"]],
    ["neighbours are needed", ["part/20", "part/21", "part/22"]],
    ["no part is needed", []],
  ])("leaves only what the failure needs when %s", async (_, needed) => {
    const omit = await shrink(PARTS, [], failsWith(needed));
    expect(PARTS.filter((part) => !omit.includes(part))).toEqual(needed);
    expect(await failsWith(needed)(omit)).toBe(true);
  });

  test("keeps parts omitted that were omitted before", async () => {
    const omit = await shrink(PARTS, ["part/3"], failsWith(["part/17"]));
    expect(omit).toContain("part/3");
    expect(omit).not.toContain("part/17");
  });
});
