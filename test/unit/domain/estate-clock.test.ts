import fc from "fast-check";
import { expect, test } from "vitest";
import { toInstant, toMs } from "../../../src/domain/text.js";
import { emulatedTimeOf, realTimeOf } from "../../../src/domain/worlds/estate-clock.js";

const NOON = Date.parse("2026-11-30T12:00:00.000Z");

test("E1 both times of a moment are one moment, at any speed", () => {
  const moments = fc.integer({ min: -86_400_000, max: 30 * 86_400_000 });
  fc.assert(
    fc.property(moments, fc.integer({ min: 1, max: 10_000 }), (sinceMs, speed) => {
      const clock = { realMs: NOON, emulatedMs: NOON + 5_000, speed };
      const real = toInstant(NOON + sinceMs);
      const again = realTimeOf(clock, emulatedTimeOf(clock, real));
      expect(Math.abs(toMs(again) - toMs(real))).toBeLessThanOrEqual(1);
    }),
  );
});

test("E1 an hour of the estate at speed 60 is a minute of real time", () => {
  const clock = { realMs: NOON, emulatedMs: NOON, speed: 60 };
  expect(realTimeOf(clock, "2026-11-30T13:00:00.000Z")).toBe("2026-11-30T12:01:00.000Z");
  expect(emulatedTimeOf(clock, "2026-11-30T12:01:00.000Z")).toBe("2026-11-30T13:00:00.000Z");
});

test("E2 at speed 1 over an estate that keeps real time, both are equal", () => {
  const clock = { realMs: NOON, emulatedMs: NOON, speed: 1 };
  expect(realTimeOf(clock, "2027-01-01T00:00:00.000Z")).toBe("2027-01-01T00:00:00.000Z");
});
