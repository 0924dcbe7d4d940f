import { z } from "zod";
import { Failure, Step, type StepRecord } from "../domain/execution.js";
import { toInstant, toMs } from "../domain/text.js";
import { StepStatus } from "../domain/vocabulary.js";
import type { Codec } from "./tables/codec.js";

/**
 * Kept steps as they stand in a row. A large execution has thousands of them, of a few names, and is read while it
 * runs: each is `[id, title, item, status, started, ended]`, places in `words` or milliseconds since the epoch, -1 for
 * none. What few steps have follows as an object.
 */
const place = z.int().min(-1);
const more = z.strictObject({
  progress: z.number().optional(),
  detail: z.string().optional(),
  error: Failure.optional(),
  children: z.array(Step).optional(),
});
const briefStep = z.tuple([place, place, place, place, z.number(), z.number()]).rest(more);
type BriefStep = z.infer<typeof briefStep>;

const isKnown = (words: readonly string[], [id, title, , status]: BriefStep): boolean =>
  words[id] !== undefined && words[title] !== undefined && StepStatus.safeParse(words[status]).success;

const StepRow = z
  .strictObject({ part: z.string(), words: z.array(z.string()), steps: z.array(briefStep) })
  .refine(({ words, steps }) => steps.every((step) => isKnown(words, step)), "a step names what is not there");
type StepRow = z.infer<typeof StepRow>;

export const STEPS: Codec<StepRow> = { what: "steps", schema: 2, shape: StepRow };

const NONE = -1;

export function toRow({ part, steps }: StepRecord): StepRow {
  const words = new Map<string, number>();
  const placeOf = (word: string | undefined): number => {
    if (word === undefined) return NONE;
    const at = words.get(word) ?? words.size;
    words.set(word, at);
    return at;
  };
  const brief = ({ id, title, itemId, status, startedAt, endedAt, ...rest }: Step): BriefStep => {
    const times = [startedAt, endedAt].map((time) => (time === undefined ? NONE : toMs(time))) as [number, number];
    const places = [placeOf(id), placeOf(title), placeOf(itemId), placeOf(status)] as const;
    return [...places, ...times, ...(Object.keys(rest).length === 0 ? [] : [rest])];
  };
  const packed = steps.map(brief);
  return { part, words: [...words.keys()], steps: packed };
}

export function fromRow({ part, words, steps }: StepRow): StepRecord {
  const full = ([id, title, item, status, started, ended, rest]: BriefStep): Step => ({
    id: words[id] ?? "",
    title: words[title] ?? "",
    status: words[status] as Step["status"],
    ...(item === NONE ? {} : { itemId: words[item] }),
    ...(started === NONE ? {} : { startedAt: toInstant(started) }),
    ...(ended === NONE ? {} : { endedAt: toInstant(ended) }),
    ...rest,
  });
  return { part, steps: steps.map(full) };
}
