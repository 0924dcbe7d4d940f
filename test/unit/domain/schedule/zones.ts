import { offsetAt } from "../../../../src/domain/schedule/time-zone.js";

const DAY_MS = 86_400_000;
export const FROM_MS = Date.UTC(2026, 0, 1);
export const UNTIL_MS = Date.UTC(2036, 0, 1);

/** Every zone of the engine, and UTC. */
export const ZONES = [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC"])];

/** The first moments with another offset, over ten years. */
export function transitionsOf(timeZone: string): number[] {
  const found: number[] = [];
  for (let ms = FROM_MS; ms < UNTIL_MS; ms += 20 * DAY_MS) {
    let [low, high] = [ms, ms + 20 * DAY_MS];
    if (offsetAt(timeZone, low) === offsetAt(timeZone, high)) continue;
    while (high - low > 1_000) {
      const middle = Math.floor((low + high) / 2_000) * 1_000;
      if (offsetAt(timeZone, middle) === offsetAt(timeZone, low)) low = middle;
      else high = middle;
    }
    found.push(high);
  }
  return found;
}
