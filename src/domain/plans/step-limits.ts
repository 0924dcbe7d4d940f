/**
 * How long one step of an execution may take, in emulated minutes: it is work at a hypervisor, so it keeps its
 * proportion to the durations of machines at any `EMULATOR_SPEED`. Over a hypervisor that keeps real time they are real
 * minutes. The time in which a step waits for a slot does not count.
 *
 * - L1 The plan's own limit for verb and step applies; otherwise the default, at most `STEP_LIMIT_MINUTES`.
 *   (test/unit/domain/step-limits.test.ts)
 * - L2 Every step that a hypervisor does has a row here. (the same)
 */
import { z } from "zod";
import { Verb } from "../vocabulary.js";

/** Limits in emulated minutes. `ifUnplanned`: for verbs that go on without the step. Missing: the general limit. */
interface Limits {
  usual?: number;
  ifUnplanned?: number;
}

/** An undo waits a short time for a site that does not answer. A copy of whole disks takes what it takes. */
export const STEP_LIMITS = {
  "shut-down-source": { usual: 60, ifUnplanned: 15 },
  "final-synchronise": { ifUnplanned: 60 },
  "process-pending-data": { usual: 60 },
  "stop-replication": { usual: 30 },
  "promote-replica": { usual: 120 },
  "start-replica": { usual: 60 },
  "delete-recovery-points": { usual: 60 },
  "demote-replica": { usual: 30 },
  "restart-source": { usual: 15 },
  "restore-replication": { usual: 15 },
  "create-test-copy": { usual: 120 },
  "start-test-copy": { usual: 60 },
  "promote-test-copy": { usual: 60 },
  "remove-test-copy": { usual: 30 },
  "await-agent": { usual: 60 },
  "reverse-replication": {},
  "remove-old-machine": { usual: 60 },
  "disable-replication": { usual: 60 },
  "enable-replication": {},
  resynchronise: {},
  "create-test-network": { usual: 30 },
  "remove-test-network": { usual: 30 },
} as const satisfies Record<string, Limits>;
export type LimitedStep = keyof typeof STEP_LIMITS;
const LimitedStep = z.enum(Object.keys(STEP_LIMITS) as [LimitedStep, ...LimitedStep[]]);

/** Verbs that continue without a source that cannot be shut down. */
export const UNPLANNED: ReadonlySet<Verb> = new Set(["unplanned-failover", "failback", "promote-test"]);

/** The limits of a plan by verb and step. */
export const StepLimitMinutes = z
  .partialRecord(Verb, z.partialRecord(LimitedStep, z.number().positive().max(43_200)))
  .describe(
    "How long a step may take, by verb and step, in emulated minutes (real minutes over a hypervisor that keeps real time). Waiting for a slot does not count. A step that passes its limit is abandoned and fails with `time-limit`.",
  )
  .default({});
export type StepLimitMinutes = z.infer<typeof StepLimitMinutes>;

/** The limits of every step of a verb, in emulated minutes. `general`: the limit of steps without one of their own. */
export function stepLimitsOf(
  own: StepLimitMinutes,
  verb: Verb,
  general: number,
): Readonly<Record<LimitedStep, number>> {
  const limits = Object.entries<Limits>(STEP_LIMITS).map(([step, { usual = general, ifUnplanned = usual }]) => {
    const standard = UNPLANNED.has(verb) ? ifUnplanned : usual;
    return [step, own[verb]?.[step as LimitedStep] ?? Math.min(standard, general)];
  });
  return Object.fromEntries(limits) as Record<LimitedStep, number>;
}

/** Minutes of a limit as people read them. They are real minutes where the hypervisor keeps real time. */
export const minutesAt = (speed: number, minutes: number): string =>
  `${minutes} ${speed === 1 ? "" : "emulated "}${minutes === 1 ? "minute" : "minutes"}`;
