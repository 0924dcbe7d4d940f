import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "../clock.js";

const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("a wait is as long as it was meant to be when the clock is set back, and a moment is not reached before it is there", () => {
  const [waited, reached] = [vi.fn(), vi.fn()];
  systemClock.after(1_000, waited);
  systemClock.at(Date.now() + 1_000, reached);
  vi.setSystemTime(Date.now() - 4 * HOUR_MS);
  vi.advanceTimersByTime(1_001);
  expect(waited).toHaveBeenCalledOnce();
  expect(reached).not.toHaveBeenCalled();
  vi.advanceTimersByTime(4 * HOUR_MS);
  expect(reached).toHaveBeenCalledOnce();
});

test("a wait is not shorter when the clock is set forward, and can be cancelled", () => {
  const [waited, cancelled] = [vi.fn(), vi.fn()];
  systemClock.after(2 * HOUR_MS, waited);
  systemClock.after(HOUR_MS, cancelled).cancel();
  vi.setSystemTime(Date.now() + 4 * HOUR_MS);
  vi.advanceTimersByTime(HOUR_MS);
  expect(waited).not.toHaveBeenCalled();
  vi.advanceTimersByTime(HOUR_MS + 1);
  expect(waited).toHaveBeenCalledOnce();
  expect(cancelled).not.toHaveBeenCalled();
});
