import { expect, test } from "vitest";
import {
  extendedMs,
  isStepOf,
  pausedMs,
  pauseOf,
  revisionOf,
  type Steered,
} from "../../../src/domain/steering/in-force.js";
import type { Steering } from "../../../src/domain/steering/steering.js";

const START_MS = Date.parse("2026-01-01T00:00:00.000Z");
const at = (minute: number): string => new Date(START_MS + minute * 60_000).toISOString();
const act = (action: "pause" | "resume", minute: number): Steering => ({
  action,
  person: "ann",
  reason: "",
  at: at(minute),
});
const steered = (steering: Steering[], more: Partial<Steered> = {}): Steered => ({
  verb: "planned-failover",
  status: "running",
  cancelRequest: undefined,
  steering,
  ...more,
});
const pausedMinutes = (execution: Steered, from: number, to: number): number =>
  pausedMs(execution, START_MS + from * 60_000, START_MS + to * 60_000) / 60_000;

test("F1 of pauses and resumes the last one counts, and a cancel ends a pause", () => {
  const paused = steered([act("pause", 0), act("resume", 5), act("pause", 10)]);
  expect(pauseOf(paused)).toMatchObject({ at: at(10) });
  expect(pauseOf(steered([act("pause", 0), act("resume", 5)]))).toBeNull();
  const cancelRequest = { behaviour: "restore-protection", requestedBy: "bob", requestedAt: at(12) } as const;
  const cancelled = { ...paused, cancelRequest };
  expect(pauseOf(cancelled)).toBeNull();
  expect(pausedMinutes(cancelled, 0, 60)).toBe(7);
});

test("F2 only time that was paused counts, as far as it overlaps", () => {
  const execution = steered([act("pause", 10), act("pause", 15), act("resume", 20), act("pause", 30)]);
  expect(pausedMinutes(execution, 0, 60)).toBe(40);
  expect(pausedMinutes(execution, 12, 18)).toBe(6);
  expect(pausedMinutes(execution, 20, 30)).toBe(0);
  expect(pausedMinutes(execution, 25, 35)).toBe(5);
});

test("F3 an extension is of the wait that it was made for", () => {
  const extend: Steering = {
    ...{ action: "extend", person: "ann", reason: "", at: at(10) },
    ...{ stepId: "groups/web/items/web-1/start-replica", minutes: 30, from: at(20) },
  };
  const execution = steered([extend]);
  const ms = (step: string, sinceMinute: number) =>
    extendedMs(execution, isStepOf("web-1", step), START_MS + sinceMinute * 60_000) / 60_000;
  expect(ms("start-replica", 5)).toBe(30);
  expect(ms("start-replica", 11)).toBe(0);
  expect(ms("promote-replica", 5)).toBe(0);
  expect(revisionOf(execution)).toBe(0);
});
