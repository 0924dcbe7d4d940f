import type { Context } from "../commands/context.js";
import type { ItemOutcome } from "../domain/execution.js";
import type { ItemCondition, ItemRecord } from "../domain/items/item-record.js";
import type { RecoveryPoint } from "../domain/recovery-points/recovery-point-choice.js";
import { toInstant } from "../domain/text.js";
import { type EstateClock, emulatedTimeOf, realTimeOf } from "../domain/worlds/estate-clock.js";

/** Both times of the moments of an estate, as answers give them. */
export class EstateTimes {
  readonly #clock: EstateClock | null;
  readonly #nowMs: number;

  constructor(clock: EstateClock | null, nowMs: number) {
    this.#clock = clock;
    this.#nowMs = nowMs;
  }

  /** The real time of an emulated moment; null when the estate that it belongs to is gone. */
  real(emulated: string): string | null {
    return this.#clock === null ? null : realTimeOf(this.#clock, emulated);
  }

  realOrNone(emulated: string | null): string | null {
    return emulated === null ? null : this.real(emulated);
  }

  emulated(real: string | null): string | null {
    return real === null || this.#clock === null ? null : emulatedTimeOf(this.#clock, real);
  }

  /** The moment of the answer, and how fast emulated time runs. */
  get clock() {
    const at = toInstant(this.#nowMs);
    return { at, emulatedAt: this.emulated(at), emulatedSecondsPerSecond: this.#clock?.speed ?? null };
  }

  point(point: RecoveryPoint) {
    return { ...point, time: this.real(point.time), emulatedTime: point.time };
  }

  pointOrNone(point: RecoveryPoint | null) {
    return point === null ? null : this.point(point);
  }

  conditions(conditions: readonly ItemCondition[]) {
    return conditions.map((condition) => ({ ...condition, emulatedSince: this.emulated(condition.since) }));
  }

  /** What a record and a view of an item have in common. */
  item<I extends ItemRecord>(item: I) {
    return {
      ...item,
      recoveryPoint: this.pointOrNone(item.recoveryPoint),
      conditions: this.conditions(item.conditions),
      emulatedLastTestFailoverAt: this.emulated(item.lastTestFailoverAt),
      emulatedLastFailoverAt: this.emulated(item.lastFailoverAt),
    };
  }

  outcome(outcome: ItemOutcome) {
    return { ...outcome, recoveryPoint: this.pointOrNone(outcome.recoveryPoint) };
  }
}

export async function estateTimesOf({ estate, clock }: Context, worldId: string): Promise<EstateTimes> {
  return new EstateTimes(await estate.clock(worldId), clock.now());
}
