import { expect, test } from "vitest";
import { MAX_UNDELIVERED, withUndelivered } from "../../../src/domain/undelivered.js";

const failed = (attempts: number) => ({
  event: "ended" as const,
  url: "https://hooks.example/",
  attempts,
  why: "it answered 500",
  nextAttemptAt: null,
});

test("an undelivered notification keeps its beginning, and is forgotten when it is taken", () => {
  const first = withUndelivered([], [{ key: "a", failed: failed(1) }], "2026-01-01T00:00:00.000Z");
  const second = withUndelivered(first, [{ key: "a", failed: failed(2) }], "2026-01-01T00:01:00.000Z");
  expect(second).toEqual([{ key: "a", since: "2026-01-01T00:00:00.000Z", ...failed(2) }]);
  expect(withUndelivered(second, [{ key: "a", failed: null }], "2026-01-01T00:02:00.000Z")).toEqual([]);
});

test("a record keeps the newest", () => {
  const many = Array.from({ length: MAX_UNDELIVERED + 5 }, (_, at) => ({ key: `${at}`, failed: failed(1) }));
  const kept = withUndelivered([], many, "2026-01-01T00:00:00.000Z");
  expect(kept).toHaveLength(MAX_UNDELIVERED);
  expect(kept[0]?.key).toBe("5");
});
