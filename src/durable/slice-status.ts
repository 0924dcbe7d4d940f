import { z } from "zod";
import { StepStatus } from "../domain/vocabulary.js";
import { LONGEST_STATUS_CHARS, type PackedSteps, type Standstill } from "./progress.js";

/** Steps by the item they are of. */
export type StepsByItem = ReadonlyMap<string, PackedSteps>;

/** `[name, status, started, ended or -1, note]`: places in `names` and in the vocabulary, milliseconds since `sinceMs`. */
const briefStep = z.tuple([z.int(), z.int(), z.number(), z.number()]).rest(z.string());
const sliceStatus = z.object({
  sinceMs: z.number(),
  names: z.array(z.string()),
  items: z.array(z.tuple([z.string(), z.array(briefStep)])),
});
type BriefStep = z.output<typeof briefStep>;

const STATUSES = StepStatus.options;
const NOT_ENDED = -1;

/**
 * The steps of many items as one custom status, as much of them as there is room for: all, else all without their
 * notes, else the last step of each item. With it goes why they stand still, if they do.
 */
export function sliceStatusOf(
  items: readonly { itemId: string; steps: PackedSteps }[],
  standstill: Standstill = {},
): object {
  const sinceMs = Math.min(...items.flatMap(({ steps }) => steps.map((step) => step[2])));
  const names = [...new Set(items.flatMap(({ steps }) => steps.map((step) => step[0])))];
  const brief = ([id, status, started, ended, note]: PackedSteps[number], noted: boolean): BriefStep => {
    const times = [started - sinceMs, ended === 0 ? NOT_ENDED : ended - sinceMs] as const;
    return [names.indexOf(id), STATUSES.indexOf(status), ...times, ...(noted && note !== "" ? [note] : [])];
  };
  const packed = (chosen: (steps: PackedSteps) => PackedSteps, noted: boolean) => ({
    sinceMs: Number.isFinite(sinceMs) ? sinceMs : 0,
    names,
    items: items.map(({ itemId, steps }) => [itemId, chosen(steps).map((step) => brief(step, noted))]),
    ...standstill,
  });
  const all = (steps: PackedSteps): PackedSteps => steps;
  const candidates = [() => packed(all, true), () => packed(all, false)];
  for (const candidate of candidates) {
    const status = candidate();
    if (JSON.stringify(status).length <= LONGEST_STATUS_CHARS) return status;
  }
  return packed((steps) => steps.slice(-1), false);
}

/** The steps of each item in such a status; none when it is of another kind. */
export function stepsByItem(status: unknown): StepsByItem {
  const parsed = sliceStatus.safeParse(status);
  if (!parsed.success) return new Map();
  const { sinceMs, names, items } = parsed.data;
  const full = ([name, status, started, ended, note = ""]: BriefStep): PackedSteps[number] => [
    names[name] ?? "",
    STATUSES[status] ?? "running",
    sinceMs + started,
    ended === NOT_ENDED ? 0 : sinceMs + ended,
    note,
  ];
  return new Map(items.map(([itemId, steps]) => [itemId, steps.map(full)]));
}
