import { z } from "zod";
import { Instant } from "../text.js";
import { ChainHead, linkOf } from "./chain.js";

/** One event of the chain of an execution: a section of its record, or the heads of the chains of one part's steps. */
export const ExecutionEvent = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("section"), name: z.string().max(64), data: z.json() }),
  z.strictObject({ kind: z.literal("steps"), part: z.string().max(200), chains: z.array(ChainHead).max(1_000) }),
  z.strictObject({ kind: z.literal("sealed"), at: Instant }),
]);
export type ExecutionEvent = z.infer<typeof ExecutionEvent>;

/** The chain of an ended execution. */
export const SealedEvent = linkOf(ExecutionEvent);
export type SealedEvent = z.infer<typeof SealedEvent>;

export const executionChain = (executionId: string): string => `execution:${executionId}`;
