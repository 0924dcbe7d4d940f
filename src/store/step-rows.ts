import { z } from "zod";
import { ChainHead } from "../domain/evidence/chain.js";
import { Failure, Step, type StepRecord } from "../domain/execution.js";
import { defined, toInstant, toMs } from "../domain/text.js";
import { StepStatus } from "../domain/vocabulary.js";
import type { Codec } from "./tables/codec.js";

/**
 * The stored form of steps. A large execution has thousands of steps with few different words, and clients read it while
 * it runs. So a step is `[id, title, item, status, started, ended]`: four indexes into `words` and two times in
 * milliseconds since the epoch, -1 for none. An object with the less common fields follows.
 */
const wordIndex = z.int().min(-1);
const more = z.strictObject({
  progress: z.number().optional(),
  detail: z.string().optional(),
  error: Failure.optional(),
  children: z.array(Step).optional(),
});
const briefStep = z.tuple([wordIndex, wordIndex, wordIndex, wordIndex, z.number(), z.number()]).rest(more);
type BriefStep = z.infer<typeof briefStep>;

const isKnown = (words: readonly string[], [id, title, , status]: BriefStep): boolean =>
  words[id] !== undefined && words[title] !== undefined && StepStatus.safeParse(words[status]).success;

const StepRow = z
  .strictObject({
    part: z.string(),
    words: z.array(z.string()),
    steps: z.array(briefStep),
    chains: z.array(ChainHead).optional(),
  })
  .refine(
    ({ words, steps }) => steps.every((step) => isKnown(words, step)),
    "a step refers to a word that the row does not have",
  );
type StepRow = z.infer<typeof StepRow>;

export const STEPS: Codec<StepRow> = { what: "steps", schema: 2, shape: StepRow };

const NONE = -1;

export function toRow({ part, steps, chains }: StepRecord): StepRow {
  const words = new Map<string, number>();
  const indexOf = (word: string | undefined): number => {
    if (word === undefined) return NONE;
    const at = words.get(word) ?? words.size;
    words.set(word, at);
    return at;
  };
  const brief = ({ id, title, itemId, status, startedAt, endedAt, ...rest }: Step): BriefStep => {
    const times = [startedAt, endedAt].map((time) => (time === undefined ? NONE : toMs(time))) as [number, number];
    const indexes = [indexOf(id), indexOf(title), indexOf(itemId), indexOf(status)] as const;
    return [...indexes, ...times, ...(Object.keys(rest).length === 0 ? [] : [rest])];
  };
  const packed = steps.map(brief);
  return { part, words: [...words.keys()], steps: packed, ...defined({ chains }) };
}

const timeAt = (ms: number): string | undefined => (ms === NONE ? undefined : toInstant(ms));

export function fromRow({ part, words, steps, chains }: StepRow): StepRecord {
  const full = ([id, title, item, status, started, ended, rest]: BriefStep): Step => ({
    id: words[id] ?? "",
    title: words[title] ?? "",
    status: words[status] as Step["status"],
    ...defined({ itemId: words[item], startedAt: timeAt(started), endedAt: timeAt(ended) }),
    ...rest,
  });
  return { part, steps: steps.map(full), ...defined({ chains }) };
}
