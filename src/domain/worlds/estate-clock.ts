/**
 * The clock of an emulated estate. Answers give real time. Where a moment belongs to the estate, such as that of a
 * recovery point, its emulated time stands beside it under a name that begins with `emulated`.
 *
 * - E1 Both times of a moment are one moment: converted back and forth they stay the same to a millisecond of real time.
 *   (test/unit/domain/estate-clock.test.ts)
 * - E2 At speed 1 over an estate that keeps real time, they are equal. (same file)
 */
import { toInstant, toMs } from "../text.js";

/** A moment in both times, and the emulated seconds in a real second from there on. */
export interface EstateClock {
  realMs: number;
  emulatedMs: number;
  speed: number;
}

/** The real time of an emulated moment. */
export function realTimeOf({ realMs, emulatedMs, speed }: EstateClock, emulated: string): string {
  return toInstant(realMs + Math.round((toMs(emulated) - emulatedMs) / speed));
}

/** The emulated moment at a real time. */
export function emulatedTimeOf({ realMs, emulatedMs, speed }: EstateClock, real: string): string {
  return toInstant(emulatedMs + Math.round((toMs(real) - realMs) * speed));
}
