import { z } from "zod";
import { StepStatus } from "../domain/vocabulary.js";
import { type BlockedStatus, MAX_STATUS_CHARS, type PackedSteps } from "./progress.js";

/** Steps by the item they are of. */
export type StepsByItem = ReadonlyMap<string, PackedSteps>;

/** `[name, status, started or -1, ended or -1, note]`: indexes in `names` and in the vocabulary, milliseconds since `sinceMs`. */
const briefStep = z.tuple([z.int(), z.int(), z.number(), z.number()]).rest(z.string());
const sliceStatus = z.object({
  sinceMs: z.number(),
  names: z.array(z.string()),
  items: z.array(z.tuple([z.string(), z.array(briefStep)])),
});
type BriefStep = z.output<typeof briefStep>;

const STATUSES = StepStatus.options;
const NOT_YET = -1;

/**
 * The steps of many items as one custom status, as far as there is room: all, or all without their notes, or the
 * newest step of each item. Says too why the orchestration is blocked, if it is.
 */
export function sliceStatusOf(
  items: readonly { itemId: string; steps: PackedSteps }[],
  blocked: BlockedStatus = {},
): object {
  const sinceMs = Math.min(...items.flatMap(({ steps }) => steps.flatMap(([, , started]) => started || [])));
  const names = [...new Set(items.flatMap(({ steps }) => steps.map((step) => step[0])))];
  const brief = ([id, status, started, ended, note]: PackedSteps[number], noted: boolean): BriefStep => {
    const times = [started, ended].map((ms) => (ms === 0 ? NOT_YET : ms - sinceMs)) as [number, number];
    return [names.indexOf(id), STATUSES.indexOf(status), ...times, ...(noted && note !== "" ? [note] : [])];
  };
  const packed = (chosen: (steps: PackedSteps) => PackedSteps, noted: boolean) => ({
    sinceMs: Number.isFinite(sinceMs) ? sinceMs : 0,
    names,
    items: items.map(({ itemId, steps }) => [itemId, chosen(steps).map((step) => brief(step, noted))]),
    ...blocked,
  });
  const all = (steps: PackedSteps): PackedSteps => steps;
  const candidates = [() => packed(all, true), () => packed(all, false)];
  for (const candidate of candidates) {
    const status = candidate();
    if (JSON.stringify(status).length <= MAX_STATUS_CHARS) return status;
  }
  return packed((steps) => steps.filter(([, , started]) => started > 0).slice(-1), false);
}

/** The steps of each item in such a status; none when it is of another kind. */
export function stepsByItem(status: unknown): StepsByItem {
  const parsed = sliceStatus.safeParse(status);
  if (!parsed.success) return new Map();
  const { sinceMs, names, items } = parsed.data;
  const full = ([name, status, started, ended, note = ""]: BriefStep): PackedSteps[number] => [
    names[name] ?? "",
    STATUSES[status] ?? "running",
    started === NOT_YET ? 0 : sinceMs + started,
    ended === NOT_YET ? 0 : sinceMs + ended,
    note,
  ];
  return new Map(items.map(([itemId, steps]) => [itemId, steps.map(full)]));
}
