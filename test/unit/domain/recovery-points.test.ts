import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RecoveryPoint } from "../../../src/domain/recovery-points/recovery-point-choice.js";
import {
  newestPointAt,
  type ReplicationHistory,
  recoveryPointsAt,
} from "../../../src/domain/recovery-points/recovery-points.js";
import { toMs } from "../../../src/domain/text.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.parse("2026-03-20T10:02:00.000Z");

const history = (changes: Partial<ReplicationHistory> = {}): ReplicationHistory => ({
  policy: { crashConsistentMinutes: 5, appConsistentMinutes: 60, retentionDays: 1 },
  replicationGroupId: null,
  protectedSinceMs: NOW - 30 * DAY,
  stoppedAtMs: null,
  gaps: [],
  processingMs: MINUTE,
  ...changes,
});

const anyHistory = fc
  .record({
    crashConsistentMinutes: fc.integer({ min: 1, max: 60 }),
    appConsistentMinutes: fc.constantFrom(0, 60, 90, 240),
    retentionDays: fc.integer({ min: 0, max: 15 }),
    processingMs: fc.integer({ min: 0, max: 10 * MINUTE }),
    ageHours: fc.integer({ min: 0, max: 400 }),
  })
  .map(({ processingMs, ageHours, ...policy }) =>
    history({ policy, processingMs, protectedSinceMs: NOW - ageHours * HOUR }),
  );

const timesOf = (points: readonly RecoveryPoint[]): number[] => points.map(({ time }) => toMs(time));

describe("the points of a policy", () => {
  test("are newest first, unique, inside retention and already processed", () => {
    fc.assert(
      fc.property(anyHistory, (past) => {
        const points = recoveryPointsAt(past, NOW);
        const times = timesOf(points);
        expect(times).toEqual(times.toSorted((a, b) => b - a));
        expect(new Set(points.map(({ id }) => id)).size).toBe(points.length);
        expect(times.filter((time) => time > NOW - past.processingMs)).toEqual([]);
        expect(times.filter((time) => time < NOW - past.policy.retentionDays * DAY)).toEqual([]);
        expect(times.filter((time) => time < past.protectedSinceMs)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test("that were pruned never reappear", () => {
    fc.assert(
      fc.property(anyHistory, fc.integer({ min: 1, max: 600 }), (past, minutes) => {
        const laterMs = NOW + minutes * MINUTE;
        const before = new Set(recoveryPointsAt(past, NOW).map(({ id }) => id));
        const old = recoveryPointsAt(past, laterMs).filter(({ time }) => toMs(time) <= NOW - past.processingMs);
        expect(old.filter(({ id }) => !before.has(id))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test("have the same newest point as newestPointAt gives", () => {
    const anyGap = fc.record({ from: fc.integer({ min: 0, max: 300 }), long: fc.integer({ min: 1, max: 300 }) });
    fc.assert(
      fc.property(anyHistory, fc.option(anyGap), fc.boolean(), (past, gap, hasStopped) => {
        const fromMs = NOW - (gap?.from ?? 0) * MINUTE;
        const gaps = gap === null ? [] : [{ fromMs, toMs: fromMs + gap.long * MINUTE }];
        const full = { ...past, gaps, stoppedAtMs: hasStopped ? NOW - HOUR : null };
        expect(newestPointAt(full, NOW)).toEqual(recoveryPointsAt(full, NOW)[0] ?? null);
      }),
      { numRuns: 200 },
    );
  });

  test("do not change after replication has stopped", () => {
    fc.assert(
      fc.property(anyHistory, fc.integer({ min: 0, max: 30 }), (past, days) => {
        const stopped = { ...past, stoppedAtMs: NOW };
        expect(recoveryPointsAt(stopped, NOW + days * DAY)).toEqual(recoveryPointsAt(past, NOW));
      }),
      { numRuns: 40 },
    );
  });

  test("one per hour beyond two hours, within a day (B.7)", () => {
    const points = recoveryPointsAt(history(), NOW).filter(({ time }) => NOW - toMs(time) > 2 * HOUR);
    const hours = timesOf(points).map((time) => Math.floor(time / HOUR));
    expect(new Set(hours).size).toBe(hours.length);
    expect(points.map(({ consistency }) => consistency)).toEqual(Array(22).fill("app-consistent"));
  });

  test.each([
    [2, 2 * HOUR, 0, 2],
    [7, 2 * HOUR, 0, 7],
    [15, 2 * HOUR, 0, 7],
    [15, 4 * HOUR, 7, 15],
  ])("with %i days kept: one per %i ms between day %i and %i (B.7)", (retentionDays, slot, fromDay, toDay) => {
    const policy = { crashConsistentMinutes: 5, appConsistentMinutes: 0, retentionDays };
    const ages = timesOf(recoveryPointsAt(history({ policy }), NOW))
      .filter((time) => NOW - time > Math.max(fromDay * DAY, 2 * HOUR) && NOW - time <= toDay * DAY)
      .map((time) => Math.floor(time / slot));
    expect(new Set(ages).size).toBe(ages.length);
    const expected = ((toDay - fromDay) * DAY - (fromDay === 0 ? 2 * HOUR : 0)) / slot;
    expect(Math.abs(ages.length - expected)).toBeLessThanOrEqual(1);
  });

  test("none without retention, and no app-consistent ones if the policy has none", () => {
    const none = { crashConsistentMinutes: 5, appConsistentMinutes: 60, retentionDays: 0 };
    expect(recoveryPointsAt(history({ policy: none }), NOW)).toEqual([]);
    const crashOnly = { crashConsistentMinutes: 5, appConsistentMinutes: 0, retentionDays: 1 };
    const kinds = recoveryPointsAt(history({ policy: crashOnly }), NOW).map(({ consistency }) => consistency);
    expect(new Set(kinds)).toEqual(new Set(["crash-consistent"]));
  });

  test("none in a period without replication", () => {
    const gap = { fromMs: NOW - 90 * MINUTE, toMs: NOW - 30 * MINUTE };
    const times = timesOf(recoveryPointsAt(history({ gaps: [gap] }), NOW));
    expect(times.some((time) => time > gap.fromMs && time < gap.toMs)).toBe(false);
    expect(times.some((time) => time >= gap.toMs)).toBe(true);
    expect(times.some((time) => time <= gap.fromMs - MINUTE)).toBe(true);
  });
});
