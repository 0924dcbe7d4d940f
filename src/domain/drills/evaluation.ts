import { z } from "zod";
import { Id, Instant, Text } from "../text.js";
import { Verb } from "../vocabulary.js";
import { Readiness } from "./readiness.js";

const MAX_FINDINGS = 200;

/** What a look at a plan found that touched nothing. */
export const Evaluation = z.strictObject({
  planId: Id,
  planVersion: z.int().min(1),
  at: Instant,
  verb: Verb.describe("the failover that would be needed from where the machines run"),
  wouldStart: z.boolean(),
  findings: z.array(Text).max(MAX_FINDINGS).describe("what would keep it from starting, or is a warning"),
  outsideObjective: z
    .array(z.strictObject({ itemId: Id, rpoSeconds: z.number(), objectiveSeconds: z.number() }))
    .max(MAX_FINDINGS)
    .describe("machines whose newest data is older than the objective, in seconds of the estate"),
  readiness: Readiness,
});
export type Evaluation = z.infer<typeof Evaluation>;

/** As many lines as an evaluation keeps, the last one counting the rest. */
export const asFindings = (lines: readonly string[]): string[] =>
  (lines.length <= MAX_FINDINGS
    ? lines
    : [...lines.slice(0, MAX_FINDINGS - 1), `and ${lines.length - MAX_FINDINGS + 1} more`]
  ).map((line) => line.slice(0, 2_000));
