import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Step, StepRecord } from "../../../src/domain/execution.js";
import { StepStatus } from "../../../src/domain/vocabulary.js";
import { fromRow, STEPS, toRow } from "../../../src/store/step-rows.js";
import { decode, encode } from "../../../src/store/tables/codec.js";

const instant = fc
  .date({ min: new Date("2026-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
const anyStep = fc.record<Step, "id" | "title" | "status">(
  {
    id: fc.constantFrom("shutdown", "promote-replica", "verify"),
    title: fc.constantFrom("Shut down", "Promote the replica", "Look whether it runs"),
    status: fc.constantFrom(...StepStatus.options),
    itemId: fc.constantFrom("web-01", "web-02"),
    startedAt: instant,
    endedAt: instant,
    progress: fc.integer({ min: 0, max: 100 }),
    detail: fc.string({ maxLength: 30 }),
    error: fc.record({ code: fc.constant("operation-failed"), message: fc.string({ maxLength: 30 }) }),
    children: fc.constant([{ id: "child", title: "Child", status: "succeeded" as const }]),
  },
  { requiredKeys: ["id", "title", "status"] },
);

const stored = (record: StepRecord) => ({ partition: "p", etag: "e", ...encode(STEPS, "steps.x", toRow(record)) });

describe("stored steps", () => {
  test("are read as they were written, with any fields", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
        const record = { part: "groups/web/1", steps };
        expect(fromRow(decode(STEPS, stored(record)))).toEqual(record);
      }),
    );
  });

  test("store each word once", () => {
    const steps = Array.from({ length: 5_000 }, (_, index): Step => {
      return { id: "promote-replica", title: "Promote", itemId: `item-${index % 25}`, status: "succeeded" };
    });
    expect(toRow({ part: "p", steps }).words).toHaveLength(28);
  });

  test.each([
    ["a word that is not there", { part: "p", words: ["id"], steps: [[0, 1, -1, 0, -1, -1]] }],
    ["a status that is none", { part: "p", words: ["id", "title"], steps: [[0, 1, -1, 0, -1, -1]] }],
    ["a step cut short", { part: "p", words: ["id"], steps: [[0, 0]] }],
    ["a field that nobody knows", { part: "p", words: [], steps: [], more: 1 }],
  ])("with %s are named as damaged, not read", (_, value) => {
    const row = { partition: "p", row: "steps.x", etag: "e", schema: 2, json: JSON.stringify(value) };
    expect(() => decode(STEPS, row)).toThrow(/row-unreadable.*p\/steps\.x is damaged/);
  });
});
