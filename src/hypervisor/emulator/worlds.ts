import type { Clock } from "../../domain/clock.js";
import { hasCode } from "../../domain/errors.js";
import type { Table } from "../../store/tables/port.js";
import type { WorldHeader } from "./state.js";
import { changeHeader, readHeader } from "./world-rows.js";

/** How long faults of other processes may go unnoticed: real milliseconds. Own faults take effect immediately. */
const CACHE_MS = 1_000;

/** World headers, cached briefly so that not every operation reads them. */
export interface Worlds {
  header(worldId: string): Promise<WorldHeader>;
  /**
   * Reads in the load of the world that is current. The rows of a load that was replaced are gone, so what is not found
   * there is read again in the load that replaced it.
   */
  inCurrentLoad<T>(worldId: string, read: (header: WorldHeader) => Promise<T>): Promise<T>;
  change(worldId: string, change: (header: WorldHeader) => WorldHeader): Promise<WorldHeader>;
  remember(header: WorldHeader): void;
  forget(worldId: string): void;
}

export function createWorlds(table: Table, clock: Clock, speed: number): Worlds {
  const known = new Map<string, { header: WorldHeader; readAtMs: number }>();

  const remember = (header: WorldHeader): WorldHeader => {
    known.set(header.worldId, { header, readAtMs: clock.now() });
    return header;
  };

  const headerOf = async (worldId: string): Promise<WorldHeader> => {
    const cached = known.get(worldId);
    if (cached !== undefined && clock.now() - cached.readAtMs < CACHE_MS) return cached.header;
    const { header } = await readHeader(table, worldId);
    if (header.anchor.speed === speed) return remember(header);
    return remember(await changeHeader(table, worldId, (current) => atSpeed(current, clock.now(), speed)));
  };

  return {
    header: headerOf,
    inCurrentLoad: async (worldId, read) => {
      const header = await headerOf(worldId);
      try {
        return await read(header);
      } catch (thrown) {
        if (!hasCode(thrown, "item-not-found") && !hasCode(thrown, "not-found")) throw thrown;
        known.delete(worldId);
        const current = await headerOf(worldId);
        if (current.load === header.load) throw thrown;
        return read(current);
      }
    },
    change: async (worldId, change) => remember(await changeHeader(table, worldId, change)),
    remember,
    forget: (worldId) => known.delete(worldId),
  };
}

/** The emulated time at a real time, in whole milliseconds: the real time since the anchor multiplied by the speed. */
export function emulatedMs({ anchor }: WorldHeader, realMs: number): number {
  return anchor.emulatedMs + Math.floor((realMs - anchor.realMs) * anchor.speed);
}

/** The first real millisecond at or after an emulated time. */
export function realMsOf({ anchor }: WorldHeader, timeMs: number): number {
  return anchor.realMs + Math.ceil((timeMs - anchor.emulatedMs) / anchor.speed);
}

/** Changes the speed from now on, without a jump of emulated time. */
const atSpeed = (header: WorldHeader, realMs: number, speed: number): WorldHeader => ({
  ...header,
  anchor: { realMs, emulatedMs: emulatedMs(header, realMs), speed },
});
