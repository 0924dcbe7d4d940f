import { expect, test } from "vitest";
import { SweepSchedule } from "../../../src/commands/sweep-schedule.js";
import type { Execution } from "../../../src/domain/execution.js";

const MINUTE = 60_000;
const executionId = "00000000-0000-4000-8000-000000000001";
const entry = { value: { executionId, since: "2026-01-01T00:00:00.000Z" }, etag: "1" };
const execution = {
  ...{ executionId, worldId: "w", itemIds: ["a"], requestedAt: "2026-01-01T00:00:00.000Z" },
} as unknown as Execution;

/** The minutes in which an execution that waits is read. */
function minutesOfReads(schedule: SweepSchedule, from: number, to: number, etag = "1"): number[] {
  const read: number[] = [];
  for (let minute = from; minute <= to; minute += 1) {
    schedule.keepOnly([{ ...entry, etag }]);
    if (schedule.notDue(entry, minute * MINUTE)) continue;
    read.push(minute);
    schedule.waits({ ...entry, etag }, execution, minute * MINUTE);
  }
  return read;
}

test("an execution that waits is read at the first sweep, and then at growing intervals", () => {
  expect(minutesOfReads(new SweepSchedule(), 0, 60)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 24, 40, 56]);
});

test("what is known of it is kept meanwhile", () => {
  const schedule = new SweepSchedule();
  minutesOfReads(schedule, 0, 12);
  expect(schedule.notDue(entry, 13 * MINUTE)).toMatchObject({ worldId: "w", itemIds: ["a"] });
});

test("an entry that was written again, or one that is owed something, is read at once", () => {
  const schedule = new SweepSchedule();
  minutesOfReads(schedule, 0, 16);
  expect(minutesOfReads(schedule, 17, 19, "2")).toEqual([17, 18, 19]);
  minutesOfReads(schedule, 20, 40, "2");
  schedule.forget(entry);
  expect(minutesOfReads(schedule, 41, 42, "2")).toEqual([41, 42]);
});
