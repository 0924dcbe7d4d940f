import type { Context } from "../commands/context.js";
import { RecoveryError } from "../domain/errors.js";
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

  outcomes(outcomes: readonly ItemOutcome[]) {
    return outcomes.map((outcome) => ({ ...outcome, recoveryPoint: this.pointOrNone(outcome.recoveryPoint) }));
  }
}

export async function estateTimesOf({ estate, clock }: Context, worldId: string): Promise<EstateTimes> {
  return new EstateTimes(await estate.clock(worldId), clock.now());
}

/** The times of what was recorded at a moment of real time. An estate that was imported since has another clock. */
export async function recordedTimesOf(context: Context, worldId: string, recordedAt: string): Promise<EstateTimes> {
  const unknown = new EstateTimes(null, context.clock.now());
  try {
    const [world, times] = await Promise.all([context.store.getWorld(worldId), estateTimesOf(context, worldId)]);
    return world === null || world.importedAt > recordedAt ? unknown : times;
  } catch (thrown) {
    // The record is shown also when its world is gone or damaged.
    if (thrown instanceof RecoveryError) return unknown;
    throw thrown;
  }
}
