import type { Execution } from "../../../src/domain/execution.js";
import { isEnded } from "../../../src/domain/plans/failure-policy.js";
import { pauseOf } from "../../../src/domain/steering/in-force.js";
import type { Steering } from "../../../src/domain/steering/steering.js";
import { type Facts, writesOf } from "./facts.js";

/** A write of the record of an execution. */
export interface ExecutionWrite {
  atMs: number;
  generation: number;
  record: Execution;
}

const known = new WeakMap<Facts, ReadonlyMap<string, readonly ExecutionWrite[]>>();

/** The writes of each execution's record by its id, oldest first. */
export function executionWritesOf(facts: Facts): ReadonlyMap<string, readonly ExecutionWrite[]> {
  const found = known.get(facts) ?? collected(facts);
  known.set(facts, found);
  return found;
}

function collected({ evidence }: Facts): Map<string, ExecutionWrite[]> {
  const writes = new Map<string, ExecutionWrite[]>();
  for (const { atMs, generation, partition, row, value } of writesOf(evidence, "Executions")) {
    if (row !== "record") continue;
    const write = { atMs, generation, record: value as Execution };
    const earlier = writes.get(partition);
    if (earlier === undefined) writes.set(partition, [write]);
    else earlier.push(write);
  }
  return writes;
}

/** One act of steering, and the true time at which it became durable. */
export interface Act {
  atMs: number;
  made: Steering;
}

/** What an execution was asked to, in the order in which that was recorded. */
export const actsIn = (writes: readonly ExecutionWrite[]): Act[] =>
  writes.flatMap(({ atMs, record }, at) => {
    const before = writes[at - 1]?.record.steering?.length ?? 0;
    return (record.steering ?? []).slice(before).map((made) => ({ atMs, made }));
  });

/** A time in which an execution was paused, by what was durable. `toMs` is Infinity while nothing ended it. */
export interface Pause {
  fromMs: number;
  toMs: number;
}

/** A pause ends with the resume, a cancel, or the end of the execution. */
export function pausesIn(writes: readonly ExecutionWrite[]): Pause[] {
  const pauses: Pause[] = [];
  let open: Pause | null = null;
  for (const { atMs, record } of writes) {
    const isPaused = !isEnded(record.status) && pauseOf(record) !== null;
    if (isPaused && open === null) {
      open = { fromMs: atMs, toMs: Infinity };
      pauses.push(open);
    } else if (!isPaused && open !== null) {
      open.toMs = atMs;
      open = null;
    }
  }
  return pauses;
}
