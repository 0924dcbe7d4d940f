import type { Clock } from "../../domain/clock.js";
import type { Table } from "../../store/tables/port.js";
import type { WorldHeader } from "./state.js";
import { changeHeader, readHeader } from "./world-rows.js";

/** How long another process's faults may go unseen: real milliseconds. Those of this process are seen at once. */
const CACHE_MS = 1_000;

/** The headers of worlds, kept for a moment so that an operation does not read them each time. */
export interface Worlds {
  header(worldId: string): Promise<WorldHeader>;
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

  return {
    header: async (worldId) => {
      const cached = known.get(worldId);
      if (cached !== undefined && clock.now() - cached.readAtMs < CACHE_MS) return cached.header;
      const { header } = await readHeader(table, worldId);
      if (header.anchor.speed === speed) return remember(header);
      return remember(await changeHeader(table, worldId, (current) => atSpeed(current, clock.now(), speed)));
    },
    change: async (worldId, change) => remember(await changeHeader(table, worldId, change)),
    remember,
    forget: (worldId) => known.delete(worldId),
  };
}

/** The emulated moment: as far past the anchor as the speed makes of real time. Whole milliseconds. */
export function emulatedMs({ anchor }: WorldHeader, realMs: number): number {
  return anchor.emulatedMs + Math.floor((realMs - anchor.realMs) * anchor.speed);
}

/** The first real millisecond at which an emulated moment has come. */
export function realMsOf({ anchor }: WorldHeader, momentMs: number): number {
  return anchor.realMs + Math.ceil((momentMs - anchor.emulatedMs) / anchor.speed);
}

/** A changed speed counts from now on: emulated time never jumps. */
const atSpeed = (header: WorldHeader, realMs: number, speed: number): WorldHeader => ({
  ...header,
  anchor: { realMs, emulatedMs: emulatedMs(header, realMs), speed },
});
