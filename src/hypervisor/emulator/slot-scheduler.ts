/**
 * Gives operations their slots at the hypervisors of a world. It keeps the state of operation-slots.ts in one row that
 * all processes share. Shown in hypervisor-limits.suite.ts:
 *
 * I1. The limit holds for all processes together ("I21: %i processes never exceed the limit…").
 * I2. A reservation is written before its operation begins, so a slot is never free too early ("an operation keeps its
 *     slot when the process that began it has died").
 * I3. A reservation ends when its operation is due, so a process that dies leaks no slot (same test).
 * I4. A hanging operation keeps its slot until it resumes or is abandoned, even if no caller returns for it ("an undo
 *     does not wait behind hanging operations…", "a slot reserved for an operation that never began is reclaimed").
 * I5. Requests made at the same time are answered together ("requests made at the same time share writes").
 * I6. An operation begins when its slots are reserved, not when its caller asked: another decision may have dropped
 *     reservations that ended in between ("an operation whose request was held up begins when its slots are reserved").
 */
import type { Clock } from "../../domain/clock.js";
import { createCoalescingQueue } from "../../store/tables/coalescing-queue.js";
import type { Table } from "../../store/tables/port.js";
import { type Admission, admit, type Reservation, type SlotRequest, withReservation } from "./operation-slots.js";
import { createSlotsRow } from "./operation-slots-row.js";
import type { WorldHeader } from "./state.js";
import { emulatedMs } from "./worlds.js";

/** How late a queued caller may return and keep its position: real milliseconds, ample for a busy machine. */
const GRACE_MS = 10_000;
/** The shortest time between two checks of hanging operations while others want their slots: real milliseconds. */
const HANGING_CHECK_MS = 1_000;

/** An operation that would begin as soon as it has its slots. `durationMs` is null when it hangs. */
export interface OperationRequest extends Omit<SlotRequest, "atMs" | "untilMs"> {
  durationMs: number | null;
}

export interface SlotScheduler {
  request(header: WorldHeader, request: OperationRequest): Promise<Admission>;
  /** Records that a reservation ends at another time than planned, or has ended. */
  update(header: WorldHeader, holder: string, reservation: Reservation | null): Promise<void>;
  /** Resumes hanging operations that no fault holds any more, and frees slots of ended ones. True when any changed. */
  checkHanging(header: WorldHeader): Promise<boolean>;
}

export interface SlotSchedulerOptions {
  /** Operations under way at each hypervisor; 2 or more. */
  maxConcurrentOperations: number;
  /** Emulated seconds per real second. */
  speed: number;
  /** The reservation that a holder needs now, read from its own row; null when no operation is under way. */
  currentReservation: (header: WorldHeader, holder: string) => Promise<Reservation | null>;
}

export function createSlotScheduler(table: Table, clock: Clock, options: SlotSchedulerOptions): SlotScheduler {
  const { maxConcurrentOperations, speed, currentReservation } = options;
  const row = createSlotsRow(table);
  const limits = { maxConcurrentOperations, graceMs: GRACE_MS * speed };
  const checkedMs = new Map<string, number>();

  const update: SlotScheduler["update"] = (header, holder, reservation) =>
    row.change(header, (slots) => ({ slots: withReservation(slots, holder, reservation), answer: undefined }));

  /** A cached row is enough when it has a slot for everyone. Otherwise the stored row decides. */
  const admitAll = (
    header: WorldHeader,
    requests: readonly OperationRequest[],
  ): Promise<ReadonlyMap<string, Admission>> =>
    row.change(header, (slots, isFresh) => {
      const atMs = emulatedMs(header, clock.now());
      const decided = admit(
        slots,
        requests.map((request) => beginningAt(request, atMs)),
        limits,
      );
      const allAdmitted = [...decided.admissions.values()].every(({ admitted }) => admitted);
      return allAdmitted || isFresh ? { slots: decided.slots, answer: decided.admissions } : null;
    });

  const checkHanging = async (header: WorldHeader): Promise<boolean> => {
    const hanging = (await row.read(header)).reservations.filter(({ untilMs }) => untilMs === null);
    if (hanging.length > 0) checkedMs.set(header.worldId, clock.now());
    let changed = false;
    for (const { holder } of hanging) {
      const reservation = await currentReservation(header, holder);
      if (reservation?.untilMs === null) continue;
      await update(header, holder, reservation);
      changed = true;
    }
    return changed;
  };

  const checkHangingIfDue = async (header: WorldHeader): Promise<boolean> =>
    clock.now() - (checkedMs.get(header.worldId) ?? -Infinity) >= HANGING_CHECK_MS && checkHanging(header);

  const answerAll = async (header: WorldHeader, requests: readonly OperationRequest[]) => {
    const admissions = await admitAll(header, requests);
    const isFull = [...admissions.values()].some(({ admitted }) => !admitted);
    return isFull && (await checkHangingIfDue(header)) ? admitAll(header, requests) : admissions;
  };

  const enqueue = createCoalescingQueue<{ header: WorldHeader; request: OperationRequest }, Admission>(
    async (_world, batch) => {
      const [first] = batch;
      if (first === undefined) return;
      const admissions = await answerAll(
        first.request.header,
        batch.map(({ request }) => request.request),
      );
      for (const { request, resolve } of batch) {
        const retryAtMs = emulatedMs(request.header, clock.now());
        resolve(admissions.get(request.request.holder) ?? { admitted: false, retryAtMs, hanging: false });
      }
    },
  );

  return {
    update,
    checkHanging,
    request: (header, request) => enqueue(`${header.worldId}:${header.load}`, { header, request }),
  };
}

const beginningAt = ({ durationMs, ...request }: OperationRequest, atMs: number): SlotRequest => ({
  ...request,
  atMs,
  untilMs: durationMs === null ? null : atMs + durationMs,
});
