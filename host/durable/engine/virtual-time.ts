import type { EngineTaskHub } from "./hub.js";
import type { VirtualClock } from "./virtual-clock.js";

/**
 * Lets the hub work, and time pass whenever nothing else is left to do, until `done` says so.
 * Rejects when nothing can happen any more, or `limitMs` of virtual time have passed.
 */
export async function runInVirtualTime(
  hub: EngineTaskHub,
  clock: VirtualClock,
  done: () => boolean | Promise<boolean>,
  limitMs = 365 * 86_400_000,
): Promise<void> {
  const endMs = clock.now() + limitMs;
  for (;;) {
    await hub.engine.idle.whenIdle();
    if (await done()) return;
    const due = clock.nextDueMs;
    if (due === undefined) throw new Error("nothing is under way and no timer is set, yet the end is not reached");
    if (due > endMs) throw new Error(`the end is not reached within ${limitMs} ms of virtual time`);
    clock.ring();
  }
}
