import { expect, test } from "vitest";
import { takeCarriedOver } from "../../durable/engine/commit.js";
import { eventRaised, executionResumed, taskCompleted } from "../../durable/engine/events.js";
import type { Message } from "../../durable/engine/session.js";

const raised = (key: string): Message => ({ key, event: eventRaised("tick", key, 0) });
const result: Message = { event: taskCompleted("activity", 0, "1", 0) };
const resumed: Message = { key: "9", event: executionResumed(null, 0) };

test("the next generation gets the last events and whatever came among them", () => {
  const batch = [raised("1"), result, raised("2"), result, raised("3"), resumed];
  const carried = takeCarriedOver(batch, 2);
  expect(carried.map(({ key }) => key)).toEqual(["2", undefined, "3", "9"]);
  expect(batch.map(({ key }) => key)).toEqual(["1", undefined]);
});

test("nothing is carried over when no event came after the request", () => {
  const batch = [raised("1"), result];
  expect(takeCarriedOver(batch, 0)).toEqual([]);
  expect(batch).toHaveLength(2);
});
