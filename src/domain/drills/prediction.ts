/**
 * How long a test of a plan takes, from the steps of earlier drills.
 *
 * - T1 Steps are compared with steps of the same kind on machines of the same size; where there are none, with those of any
 *   size, and a machine without any is named as unknown.
 * - T2 Groups run one after the other and the machines of a group beside each other, so the slowest machine of each group is
 *   on the critical path.
 * - T3 A step is a regression when it took longer than nine in ten of the earlier ones, and a tenth longer than the usual.
 * Tests: test/unit/domain/drills/prediction.test.ts.
 */
import { z } from "zod";
import type { Step } from "../execution.js";
import type { Plan } from "../plans/plan.js";
import { groupsInOrder } from "../plans/plan-rules.js";
import { leavesOf } from "../steps.js";
import { toMs } from "../text.js";
import { secondsText } from "../wording.js";

export const SizeClass = z.enum(["small", "medium", "large", "huge"]);
export type SizeClass = z.infer<typeof SizeClass>;

/** By all disks of a machine, since most steps take longer for larger ones. */
export const sizeOf = (gigabytes: number): SizeClass =>
  gigabytes <= 64 ? "small" : gigabytes <= 256 ? "medium" : gigabytes <= 1_024 ? "large" : "huge";

const MAX_SAMPLES = 20;

/** How long steps of a kind took, in seconds of the estate. `size` is null for steps of the plan as a whole. */
export const Timing = z.strictObject({
  step: z.string().max(300),
  size: SizeClass.nullable(),
  seconds: z.array(z.number().min(0)).min(1).max(MAX_SAMPLES),
});
export type Timing = z.infer<typeof Timing>;

const PredictedStep = z.object({
  groupId: z.string().nullable(),
  itemId: z.string().nullable(),
  step: z.string(),
  medianSeconds: z.number(),
  p90Seconds: z.number(),
});
export const Prediction = z.object({
  drills: z.int().describe("the drills that it is computed from"),
  medianSeconds: z.number().nullable().describe("seconds of the estate; null if nothing is known"),
  p90Seconds: z.number().nullable(),
  criticalPath: z.array(PredictedStep).describe("the steps that determine it, in order"),
  unknown: z.array(z.string()).describe("machines of which no drill has shown how long they take"),
});
export type Prediction = z.infer<typeof Prediction>;

/** How long the steps of a test took. Of many of one kind some are kept, evenly from the fastest to the slowest. */
export function timingsOf(steps: readonly Step[], sizes: ReadonlyMap<string, SizeClass>, speed: number): Timing[] {
  const found = new Map<string, Timing>();
  for (const { id, itemId, status, startedAt, endedAt } of leavesOf(steps)) {
    if (status !== "succeeded" || startedAt === undefined || endedAt === undefined) continue;
    const size = itemId === undefined ? null : (sizes.get(itemId) ?? "medium");
    const step = itemId === undefined ? id : (id.split("/").at(-1) ?? id);
    const key = `${size} ${step}`;
    const timing = found.get(key) ?? { step, size, seconds: [] };
    timing.seconds.push(Math.max(0, ((toMs(endedAt) - toMs(startedAt)) / 1_000) * speed));
    found.set(key, timing);
  }
  return [...found.values()].map((timing) => ({ ...timing, seconds: some(timing.seconds) }));
}

function some(seconds: readonly number[]): number[] {
  const sorted = seconds.toSorted((a, b) => a - b);
  if (sorted.length <= MAX_SAMPLES) return sorted;
  return Array.from({ length: MAX_SAMPLES }, (_, at) => quantile(sorted, at / (MAX_SAMPLES - 1)));
}

/** Of sorted values. */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length - 1e-9) - (share === 0 ? 0 : 1))] ?? 0;

/** Median and 90th percentile. */
interface Usual {
  median: number;
  p90: number;
}

function usualOf(timings: readonly Timing[]): Usual | null {
  const sorted = timings.flatMap(({ seconds }) => seconds).sort((a, b) => a - b);
  return sorted.length === 0 ? null : { median: quantile(sorted, 0.5), p90: quantile(sorted, 0.9) };
}

type Predicted = z.infer<typeof PredictedStep>;

/** @param past the timings of each earlier drill, newest first */
export function predict(
  plan: Plan,
  sizes: ReadonlyMap<string, SizeClass>,
  past: readonly (readonly Timing[])[],
): Prediction {
  const all = past.flat();
  const [newest = []] = past;
  const ofPlan = newest
    .filter(({ size }) => size === null)
    .flatMap(({ step }) => predicted(all, { step, size: null, groupId: null, itemId: null }));
  const ofGroups = groupsInOrder(plan).map(({ id: groupId, items }) => {
    const machines = items.map(({ id: itemId }) => ({
      itemId,
      steps: ofMachine(all, groupId, itemId, sizes.get(itemId)),
    }));
    const [slowest] = machines.toSorted((a, b) => sum(b.steps, "medianSeconds") - sum(a.steps, "medianSeconds"));
    const unknown = machines.filter(({ steps }) => steps.length === 0).map(({ itemId }) => itemId);
    return { steps: slowest?.steps ?? [], unknown };
  });
  const criticalPath = [...ofPlan, ...ofGroups.flatMap(({ steps }) => steps)];
  const isKnown = ofGroups.some(({ steps }) => steps.length > 0);
  return {
    drills: past.length,
    medianSeconds: isKnown ? sum(criticalPath, "medianSeconds") : null,
    p90Seconds: isKnown ? sum(criticalPath, "p90Seconds") : null,
    criticalPath,
    unknown: ofGroups.flatMap(({ unknown }) => unknown),
  };
}

const sum = (steps: readonly Predicted[], what: "medianSeconds" | "p90Seconds"): number =>
  steps.reduce((total, step) => total + step[what], 0);

/** The steps of a machine by those of its size; by those of all sizes where its own is not known. */
function ofMachine(
  all: readonly Timing[],
  groupId: string,
  itemId: string,
  wanted: SizeClass | undefined,
): Predicted[] {
  const ofItems = all.filter(({ size }) => size !== null);
  const size = ofItems.some((timing) => timing.size === wanted) ? wanted : undefined;
  const kinds = [...new Set(ofItems.filter((one) => size === undefined || one.size === size).map(({ step }) => step))];
  return kinds.flatMap((step) => predicted(ofItems, { step, size, groupId, itemId }));
}

function predicted(
  all: readonly Timing[],
  {
    step,
    size,
    ...where
  }: { step: string; size: SizeClass | null | undefined; groupId: string | null; itemId: string | null },
): Predicted[] {
  const usual = usualOf(all.filter((one) => one.step === step && (size === undefined || one.size === size)));
  return usual === null ? [] : [{ ...where, step, medianSeconds: usual.median, p90Seconds: usual.p90 }];
}

/** The kinds of steps that took longer than usual. */
export function regressionsOf(now: readonly Timing[], past: readonly (readonly Timing[])[]): string[] {
  const all = past.flat();
  return now.flatMap(({ step, size, seconds }) => {
    const usual = usualOf(all.filter((one) => one.step === step && one.size === size));
    const median = quantile(
      seconds.toSorted((a, b) => a - b),
      0.5,
    );
    if (usual === null || median <= usual.p90 || median <= usual.median * 1.1) return [];
    const of = size === null ? "" : ` of ${size} machines`;
    return [`${step}${of} took ${secondsText(median)}, where ${secondsText(usual.median)} is usual`];
  });
}
