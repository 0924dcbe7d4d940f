import { z } from "zod";
import { Credential } from "../access/caller.js";
import { Guid, Id, Instant, Name } from "../text.js";
import { Verb } from "../vocabulary.js";
import { linkOf, Sha256 } from "./chain.js";

/** The name of the chain of the log. */
export const LOG_CHAIN = "vault-log";

/** What a record is about, as far as it has these. */
const About = z.strictObject({
  executionId: Guid.optional(),
  planId: Id.optional(),
  worldId: Id.optional(),
  approvalId: Guid.optional(),
});

const common = { recordId: z.string().min(1).max(200), at: Instant, about: About };
const ofRequest = {
  ...common,
  route: z.string().max(100),
  person: Name,
  credential: Credential,
};

/**
 * The catalogue of the log: what is recorded, and when.
 *
 * `request-intended`: a request that changes something was accepted, and has not begun. `request-done`,
 * `request-refused`, `request-failed`: how it came out. An intent without a result belongs to a process that died.
 * `execution-opened`: before the start of an execution, what it is bound to. `execution-sealed`: after its end, the head
 * of its chain.
 */
export const LogEntry = z.discriminatedUnion("kind", [
  z.strictObject({
    ...ofRequest,
    kind: z.literal("request-intended"),
    params: z.record(z.string(), z.string().max(300)),
    bodyHash: Sha256.nullable(),
  }),
  z.strictObject({
    ...ofRequest,
    kind: z.enum(["request-done", "request-refused", "request-failed"]),
    status: z.int(),
    code: z.string().max(64).nullable(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal("execution-opened"),
    verb: Verb,
    person: Name,
    openingHash: Sha256,
  }),
  z.strictObject({ ...common, kind: z.literal("execution-sealed"), count: z.int().min(1), head: Sha256 }),
]);
export type LogEntry = z.infer<typeof LogEntry>;

/** A record of the log of this installation. */
export const LogRecord = linkOf(LogEntry);
export type LogRecord = z.infer<typeof LogRecord>;

/** The period that a moment belongs to: the month, such as `2026-03`. */
export const periodOf = (at: string): string => at.slice(0, 7);
