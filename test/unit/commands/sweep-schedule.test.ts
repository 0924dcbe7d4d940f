import { expect, test } from "vitest";
import { SweepSchedule } from "../../../src/commands/sweep-schedule.js";
import type { Execution } from "../../../src/domain/execution.js";

const MINUTE = 60_000;
const since = "2026-01-01T00:00:00.000Z";
const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const entryOf = (number: number, etag = "1") => ({ value: { executionId: idOf(number), since }, etag });
const entry = entryOf(1);
const executionOf = (number: number) =>
  ({ executionId: idOf(number), worldId: "w", itemIds: ["a"], requestedAt: since }) as unknown as Execution;

/** The minutes in which an execution that waits is read. */
function minutesOfReads(schedule: SweepSchedule, from: number, to: number, etag = "1"): number[] {
  const read: number[] = [];
  for (let minute = from; minute <= to; minute += 1) {
    schedule.begin([{ ...entry, etag }], minute * MINUTE);
    if (schedule.notDue(entry)) continue;
    read.push(minute);
    schedule.waits({ ...entry, etag }, executionOf(1), minute * MINUTE);
  }
  return read;
}

test("an execution that waits is read at the first sweep, and then at growing intervals", () => {
  expect(minutesOfReads(new SweepSchedule(), 0, 60)).toEqual([0, 1, 2, 3, 5, 9, 17, 33, 49]);
});

test("what is known of it is kept meanwhile", () => {
  const schedule = new SweepSchedule();
  minutesOfReads(schedule, 0, 12);
  schedule.begin([entry], 13 * MINUTE);
  expect(schedule.notDue(entry)).toMatchObject({ worldId: "w", itemIds: ["a"] });
});

test("an entry that was written again, or one that is owed something, is read at once", () => {
  const schedule = new SweepSchedule();
  minutesOfReads(schedule, 0, 16);
  expect(minutesOfReads(schedule, 17, 20, "2")).toEqual([17, 18, 19, 20]);
  minutesOfReads(schedule, 21, 40, "2");
  schedule.forget(entry);
  expect(minutesOfReads(schedule, 41, 42, "2")).toEqual([41, 42]);
});

test("an entry with a trouble is read at each sweep", () => {
  const schedule = new SweepSchedule();
  const trouble = { reason: "a reason", since, loggedAt: since };
  const troubled = { ...entry, value: { ...entry.value, trouble } };
  schedule.begin([troubled], 0);
  schedule.waits(troubled, executionOf(1), 0);
  schedule.begin([troubled], 1);
  expect(schedule.notDue(troubled)).toBeUndefined();
});

test("however many are idle, few are read in a sweep, and each one has its turn", () => {
  const schedule = new SweepSchedule();
  const numbers = Array.from({ length: 1_000 }, (_, at) => at);
  const entries = numbers.map((number) => entryOf(number));
  const perSweep: number[] = [];
  const seenWhenIdle = new Set<number>();
  for (let minute = 0; minute <= 120; minute += 1) {
    schedule.begin(entries, minute * MINUTE);
    const read = numbers.filter((number) => schedule.notDue(entryOf(number)) === undefined);
    for (const number of read) schedule.waits(entryOf(number), executionOf(number), minute * MINUTE);
    perSweep.push(read.length);
    if (minute > 32) for (const number of read) seenWhenIdle.add(number);
  }
  expect(Math.max(...perSweep.slice(33))).toBe(20);
  expect(seenWhenIdle.size).toBe(1_000);
});
