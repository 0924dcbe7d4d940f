import { describe, expect, test } from "vitest";
import type { ExecutionEventKind } from "../../../src/domain/notifications/event.js";
import { ExecutionNews, eventOf } from "../../../src/domain/notifications/execution-words.js";
import { EVENT_AT, EXECUTION_ID } from "../../support/notification-event.js";

describe("the events of an execution in words", () => {
  const base = {
    plan: { id: "shop", name: "Shop", version: 2 },
    worldId: "w",
    verb: "planned-failover",
    direction: "primary-to-recovery",
  };
  const said = (kind: ExecutionEventKind, details: object) => {
    const ids = { eventId: "1", executionId: EXECUTION_ID, at: EVENT_AT };
    const { text, severity, ends } = eventOf({ ...ids, kind }, ExecutionNews.parse({ ...base, ...details }));
    return [text, severity, ends];
  };

  test.each([
    ["started", { items: 3 }, "planned-failover of plan Shop started for 3 items", "info", false],
    [
      "progress",
      { groupId: "db", reached: 1, of: 2 },
      "planned-failover of plan Shop has done group db (1 of 2)",
      "info",
      false,
    ],
    ["progress", { commitTimer: { text: "committed" } }, "planned-failover of plan Shop: committed", "info", false],
    [
      "awaiting-input",
      { awaits: { kind: "confirm", asks: "look", until: "x" } },
      "planned-failover of plan Shop waits for a person: look",
      "warning",
      false,
    ],
    [
      "item-failed",
      { count: 2, items: [{ itemId: "a" }, { itemId: "b" }] },
      "planned-failover of plan Shop has 2 failed items: a, b",
      "error",
      false,
    ],
    ["ended", { status: "succeeded", reason: null }, "planned-failover of plan Shop ended succeeded", "info", true],
    [
      "ended",
      { status: "failed", reason: "no point" },
      "planned-failover of plan Shop ended failed: no point",
      "error",
      false,
    ],
    [
      "ended",
      { status: "cancelled", reason: "by ann" },
      "planned-failover of plan Shop ended cancelled: by ann",
      "warning",
      false,
    ],
  ] as const)("%s %j", (kind, details, text, severity, ends) => {
    expect(said(kind, details)).toEqual([text, severity, ends]);
  });
});
