import { Temporal } from "temporal-polyfill";
import { expect, test } from "vitest";
import { isTimeZone, momentOf, offsetAt, wallTimeOf } from "../../../../src/domain/schedule/time-zone.js";
import { transitionsOf, ZONES } from "./zones.js";

const MINUTE_MS = 60_000;

/** What the polyfill makes of a local time under the rule "compatible". */
function oracle(timeZone: string, wall: number): number {
  const local = Temporal.PlainDateTime.from(new Date(wall).toISOString().replace("Z", ""));
  return local.toZonedDateTime(timeZone, { disambiguation: "compatible" }).epochMilliseconds;
}

/** Zones with the same changes need one comparison. */
function distinctTransitions(): { timeZone: string; at: number }[] {
  const seen = new Map<string, { timeZone: string; at: number }>();
  for (const timeZone of ZONES) {
    for (const at of transitionsOf(timeZone)) {
      seen.set(`${at} ${offsetAt(timeZone, at - 1)} ${offsetAt(timeZone, at)}`, { timeZone, at });
    }
  }
  return [...seen.values()];
}

test("around every change of every zone in ten years, local times mean the moments of Temporal (Z1)", () => {
  const transitions = distinctTransitions();
  expect(transitions.length).toBeGreaterThan(100);
  for (const { timeZone, at } of transitions) {
    const jump = offsetAt(timeZone, at) - offsetAt(timeZone, at - 1);
    const wall = wallTimeOf(timeZone, at);
    const around = [-jump - MINUTE_MS, -jump, -jump / 2, -1_000, 0, 1_000, jump / 2, jump, jump + MINUTE_MS];
    for (const by of around) {
      expect(momentOf(timeZone, wall + by).ms, `${timeZone} ${new Date(wall + by).toISOString()}`).toBe(
        oracle(timeZone, wall + by),
      );
    }
  }
}, 60_000);

test("in each zone a local time far from changes means the moment of Temporal", () => {
  for (const timeZone of ZONES) {
    const wall = Date.UTC(2027, 6, 9, 13, 37, 5);
    expect(momentOf(timeZone, wall).ms, timeZone).toBe(oracle(timeZone, wall));
  }
});

test.each(["Europe/Amsterdam", "UTC", "America/New_York"])("%s is a zone", (name) => {
  expect(isTimeZone(name)).toBe(true);
});

test.each(["", "+02:00", "Mars/Olympus", "Europe/../Amsterdam"])("'%s' is none", (name) => {
  expect(isTimeZone(name)).toBe(false);
});
