import type { Clock } from "../../domain/clock.js";
import type { Table } from "../../store/tables/port.js";
import { type Seat, type Stay, seat, type Wanted, withStay } from "./places.js";
import { createPlacesRow } from "./places-row.js";
import type { WorldHeader } from "./state.js";

/** How late one that waits may come and still be next: real milliseconds, ample for a busy machine. */
const GRACE_MS = 10_000;
/** How often what hangs is looked at while others want its places: real milliseconds. */
const VISIT_MS = 1_000;

/** Who may begin an operation, and who waits for a place at a hypervisor. */
export interface Admission {
  ask(header: WorldHeader, wanted: Wanted): Promise<Seat>;
  /** Notes that a stay ends at another time than it was to, or has ended. */
  note(header: WorldHeader, holder: string, stay: Stay | null): Promise<void>;
  /** Looks at all that hangs: what nothing makes hang any more goes on. True when some of it does. */
  visitHanging(header: WorldHeader): Promise<boolean>;
}

export interface AdmissionOptions {
  /** Operations that each hypervisor does at once; 2 or more. */
  atOnce: number;
  /** Emulated seconds per real second. */
  speed: number;
  /** The truth about an operation that hangs: its stay as it is now, or null when it has ended. */
  visit: (header: WorldHeader, holder: string) => Promise<Stay | null>;
}

/**
 * Gives operations their places at the hypervisors of a world. A stay is noted before its operation begins and ends by
 * itself when it is due, so that a process which dies holds no place for ever. Those who ask at the same moment are
 * answered in one write.
 */
export function createAdmission(table: Table, clock: Clock, { atOnce, speed, visit }: AdmissionOptions): Admission {
  const row = createPlacesRow(table);
  const rules = { atOnce, graceMs: GRACE_MS * speed };
  const visitedMs = new Map<string, number>();

  const note: Admission["note"] = (header, holder, stay) =>
    row.change(header, (places) => ({ places: withStay(places, holder, stay), answer: undefined }));

  const seatAll = (header: WorldHeader, wanted: readonly Wanted[]): Promise<ReadonlyMap<string, Seat>> =>
    row.change(header, (places, isFresh) => {
      const seated = seat(places, wanted, rules);
      const everyone = [...seated.seats.values()].every(({ begins }) => begins);
      return everyone || isFresh ? { places: seated.places, answer: seated.seats } : null;
    });

  const visitHanging = async (header: WorldHeader): Promise<boolean> => {
    const hanging = (await row.seen(header)).held.filter(({ untilMs }) => untilMs === null);
    if (hanging.length > 0) visitedMs.set(header.worldId, clock.now());
    let changed = false;
    for (const { holder } of hanging) {
      const stay = await visit(header, holder);
      if (stay?.untilMs === null) continue;
      await note(header, holder, stay);
      changed = true;
    }
    return changed;
  };

  /** What hangs may have ended, or gone on, while nobody looked. */
  const visitNowAndThen = async (header: WorldHeader): Promise<boolean> =>
    clock.now() - (visitedMs.get(header.worldId) ?? -Infinity) >= VISIT_MS && visitHanging(header);

  return {
    note,
    visitHanging,
    ask: together(async (header, wanted) => {
      const seats = await seatAll(header, wanted);
      const full = [...seats.values()].some(({ begins }) => !begins);
      return full && (await visitNowAndThen(header)) ? seatAll(header, wanted) : seats;
    }),
  };
}

interface Asking {
  wanted: Wanted;
  resolve(seat: Seat): void;
  reject(error: unknown): void;
}

/** Those who ask at the same moment, or while earlier ones are answered, are answered together. */
function together(
  answer: (header: WorldHeader, wanted: readonly Wanted[]) => Promise<ReadonlyMap<string, Seat>>,
): Admission["ask"] {
  const queues = new Map<string, Asking[]>();

  const answerAll = async (header: WorldHeader, asking: readonly Asking[]): Promise<void> => {
    try {
      const seats = await answer(
        header,
        asking.map(({ wanted }) => wanted),
      );
      for (const { wanted, resolve } of asking) {
        resolve(seats.get(wanted.holder) ?? { begins: false, lookAtMs: wanted.atMs, hanging: false });
      }
    } catch (error) {
      for (const { reject } of asking) reject(error);
    }
  };

  const drain = async (header: WorldHeader, place: string, queue: Asking[]): Promise<void> => {
    while (queue.length > 0) await answerAll(header, queue.splice(0));
    queues.delete(place);
  };

  return (header, wanted) =>
    new Promise((resolve, reject) => {
      const place = `${header.worldId}:${header.load}`;
      const queue = queues.get(place) ?? [];
      queue.push({ wanted, resolve, reject });
      if (queue.length > 1 || queues.has(place)) return;
      queues.set(place, queue);
      setImmediate(() => void drain(header, place, queue));
    });
}
