import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StepStatus } from "../../../src/domain/vocabulary.js";
import { MAX_STATUS_CHARS, type PackedSteps } from "../../../src/durable/progress.js";
import { sliceStatusOf, stepsByItem } from "../../../src/durable/slice-status.js";

const T0 = Date.parse("2026-03-02T09:00:00.000Z");

const anyStep = fc.tuple(
  fc.constantFrom("shut-down-source", "promote-replica", "verify"),
  fc.constantFrom(...StepStatus.options),
  fc.integer({ min: T0, max: T0 + 86_400_000 }),
  fc.oneof(fc.constant(0), fc.integer({ min: T0 + 86_400_000, max: T0 + 172_800_000 })),
  fc.string({ maxLength: 20 }),
);
const anyItems = fc
  .array(fc.array(anyStep, { maxLength: 4 }), { maxLength: 10 })
  .map((items) => items.map((steps, index) => ({ itemId: `item-${index}`, steps: steps as PackedSteps })));

const travelled = (status: object): unknown => JSON.parse(JSON.stringify(status));
const itemsWith = (count: number, note: string, each = 12) =>
  Array.from({ length: count }, (_, index) => ({
    itemId: `item-${index}`,
    steps: Array.from({ length: each }, (_step, at): PackedSteps[number] => {
      return [`step-${at}`, "succeeded", T0 + at, T0 + at + 1, note];
    }),
  }));

describe("the steps of a slice in one custom status", () => {
  test("come back as they were while there is room", () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        const read = stepsByItem(travelled(sliceStatusOf(items)));
        expect([...read]).toEqual(items.map(({ itemId, steps }) => [itemId, steps]));
      }),
    );
  });

  test("lose their notes first", () => {
    const items = itemsWith(25, "a note that is as long as what a failed step says of itself");
    const status = sliceStatusOf(items);
    expect(JSON.stringify(status).length).toBeLessThanOrEqual(MAX_STATUS_CHARS);
    const read = stepsByItem(travelled(status));
    expect(read.get("item-24")).toEqual(items[24]?.steps.map((step) => step.with(4, "")));
  });

  test("and then all but the last of each item", () => {
    const items = itemsWith(25, "", 60);
    const status = sliceStatusOf(items);
    expect(JSON.stringify(status).length).toBeLessThanOrEqual(MAX_STATUS_CHARS);
    const read = stepsByItem(travelled(status));
    expect(read.get("item-3")).toEqual(items[3]?.steps.slice(-1));
    expect(read.size).toBe(25);
  });

  test("a step under way has no end, and one of an item without steps is none", () => {
    const under: PackedSteps = [["verify", "running", T0, 0, ""]];
    const read = stepsByItem(
      travelled(
        sliceStatusOf([
          { itemId: "a", steps: under },
          { itemId: "b", steps: [] },
        ]),
      ),
    );
    expect([...read]).toEqual([
      ["a", under],
      ["b", []],
    ]);
    expect(stepsByItem(travelled(sliceStatusOf([])))).toEqual(new Map());
  });

  test.each([undefined, null, "text", { steps: [] }, { sinceMs: 0, names: [], items: [["a", [["x"]]]] }])(
    "a status of another kind is none: %j",
    (status) => {
      expect(stepsByItem(status)).toEqual(new Map());
    },
  );
});
