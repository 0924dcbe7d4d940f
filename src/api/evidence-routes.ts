import { z } from "zod";
import { Anchor } from "../domain/evidence/anchor.js";
import { Sha256 } from "../domain/evidence/chain.js";
import { LogRecord } from "../domain/evidence/log-record.js";
import { ExecutionEvent, SealedEvent } from "../domain/evidence/sealed.js";
import { Step } from "../domain/execution.js";
import { Guid, Instant } from "../domain/text.js";
import { route } from "./route.js";
import { nowhere, pageQuery, read } from "./schemas.js";

const onExecution = z.strictObject({ executionId: Guid });
const hidden = LogRecord.omit({ content: true }).extend({
  contentHash: Sha256.describe("of a record about something else"),
});
const stepLink = SealedEvent.extend({ content: z.object({ kind: z.literal("step"), step: Step }) });

const evidenceFile = z.object({
  format: z.literal("secondsite-evidence/1"),
  executionId: Guid,
  exportedAt: Instant,
  execution: z.object({ chain: z.string(), links: z.array(SealedEvent.extend({ content: ExecutionEvent })) }),
  steps: z
    .array(z.object({ chain: z.string(), part: z.string(), itemId: z.string().nullable(), links: z.array(stepLink) }))
    .describe("the steps, in a chain for each machine of each part of the execution"),
  log: z.object({
    chain: z.string(),
    runs: z.array(z.array(z.union([LogRecord, hidden]))).describe("parts of the log, each without a gap"),
    gap: z.string().nullable(),
  }),
  anchor: Anchor.nullable().describe("a head of the log that is kept elsewhere; the runs end there. Null for a minute"),
});

/** What proves afterwards what happened. */
export const EVIDENCE_ROUTES = {
  getEvidence: route({
    ...read,
    id: "get-evidence",
    right: "audit",
    path: "api/executions/{executionId}/evidence",
    summary: "Show the evidence of an ended execution as one file that secondsite-verify checks",
    params: onExecution,
    response: evidenceFile,
    problems: ["execution-not-found", "evidence-not-ready"],
  }),
  getEvidenceReport: route({
    ...read,
    id: "get-evidence-report",
    right: "audit",
    path: "api/executions/{executionId}/evidence.html",
    summary: "Show the evidence of an ended execution as a page that prints on A4",
    params: onExecution,
    response: z.string(),
    mediaType: "text/html; charset=utf-8",
    problems: ["execution-not-found", "evidence-not-ready"],
  }),
  readAudit: route({
    ...read,
    id: "read-audit-log",
    right: "audit",
    path: "api/audit",
    summary: "Read the log of this installation: every change that was asked for, and the seals of executions",
    params: nowhere,
    query: pageQuery.extend({
      period: z
        .string()
        .regex(/^\d{4}-\d{2}$/)
        .optional()
        .describe("the month to begin at, such as 2026-03; by default the log is read from its beginning"),
    }),
    response: z.object({
      entries: z.array(LogRecord),
      cursor: z.string().optional(),
    }),
    problems: [],
  }),
} as const;
