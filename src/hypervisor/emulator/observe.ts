import { RecoveryError } from "../../domain/errors.js";
import type { Observation } from "../../domain/plans/probes.js";
import type { StartedCopy } from "../port.js";
import type { EmulatedItem } from "./state.js";

/** What probes of a started copy observe. Each service comes up after the delay that its machine declares. */
export function observationOf(state: EmulatedItem, copy: StartedCopy, atMs: number): Observation {
  const { power, heartbeat, startedMs } =
    copy.kind === "replica" ? replicaOf(state) : testCopyOf(state, copy.executionId);
  const upSeconds = power === "off" || startedMs === null ? 0 : Math.max(0, (atMs - startedMs) / 1_000);
  const isUp = ({ afterSeconds }: { afterSeconds: number | null }): boolean =>
    power === "on" && afterSeconds !== null && afterSeconds <= upSeconds;
  const { name, services, scripts } = state.machine;
  return {
    name,
    power,
    heartbeat,
    upSeconds,
    services: services.filter(isUp).map(({ port, pages }) => ({ port, pages })),
    scripts: scripts.filter(isUp).map(({ afterSeconds: _, ...script }) => script),
  };
}

function replicaOf({ replica, replicaWrites }: EmulatedItem) {
  return { power: replica.power, heartbeat: replica.heartbeat, startedMs: replicaWrites.at(-1)?.fromMs ?? null };
}

function testCopyOf({ id, testCopies }: EmulatedItem, executionId: string) {
  const copy = testCopies.find((candidate) => candidate.executionId === executionId);
  if (copy === undefined) throw new RecoveryError("not-found", `item ${id} has no test copy of ${executionId}`);
  return {
    power: copy.power,
    heartbeat: copy.power === "on" ? ("ok" as const) : ("none" as const),
    startedMs: copy.startedMs,
  };
}
