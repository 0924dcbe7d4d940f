import { z } from "zod";
import { Guid, Id, Instant } from "../text.js";

/**
 * The events of an execution: its start, the end of each group, a wait for a person, items that failed, and its end.
 */
export const ExecutionEventKind = z.enum(["started", "progress", "awaiting-input", "item-failed", "ended"]);
export type ExecutionEventKind = z.infer<typeof ExecutionEventKind>;

/** Everything that somebody can be told. `approval-asked` is the wait for an approval. */
export const NotificationKind = z.enum([
  ...ExecutionEventKind.options,
  "approval-asked",
  "drill-due",
  "drill-verdict",
  "readiness-changed",
  "replication-unhealthy",
  "split-brain-risk",
]);
export type NotificationKind = z.infer<typeof NotificationKind>;

export const Severity = z.enum(["info", "warning", "error", "critical"]);
export type Severity = z.infer<typeof Severity>;

/** What readers see at once beside the text. */
export const Fact = z.strictObject({ title: z.string().max(100), value: z.string().max(2_000) });
export type Fact = z.infer<typeof Fact>;

/** Receivers show ten at most. */
export const MAX_FACTS = 10;
export const MAX_EVENT_TEXT = 1_000;

/** Something that happened, as it is told to everybody who wants to know. */
export const NotificationEvent = z.strictObject({
  /** The same event again is no second one. */
  eventId: z.string().min(1).max(200),
  kind: NotificationKind,
  at: Instant,
  planId: Id.nullable(),
  worldId: Id.nullable(),
  executionId: Guid.nullable(),
  severity: Severity,
  /** What was told before about the same execution, or else the same plan, is over. */
  ends: z.boolean(),
  /** One line for people. */
  text: z.string().min(1).max(MAX_EVENT_TEXT),
  facts: z.array(Fact).max(MAX_FACTS),
  /** The same for programs. */
  data: z.record(z.string(), z.unknown()),
});
export type NotificationEvent = z.infer<typeof NotificationEvent>;

/** The type of an event as a CloudEvent. */
export const CLOUD_EVENT_TYPES: Readonly<Record<NotificationKind, string>> = {
  started: "secondsite.execution.started",
  progress: "secondsite.execution.progress",
  "awaiting-input": "secondsite.execution.awaiting-input",
  "item-failed": "secondsite.execution.item-failed",
  ended: "secondsite.execution.ended",
  "approval-asked": "secondsite.execution.approval-asked",
  "drill-due": "secondsite.drill.due",
  "drill-verdict": "secondsite.drill.verdict",
  "readiness-changed": "secondsite.plan.readiness-changed",
  "replication-unhealthy": "secondsite.item.replication-unhealthy",
  "split-brain-risk": "secondsite.item.split-brain-risk",
};

/** The path under which more can be read about an event. */
export function pathOf({ executionId, planId, worldId }: NotificationEvent): string {
  if (executionId !== null) return `/api/executions/${executionId}`;
  return planId === null ? `/api/worlds/${worldId ?? ""}` : `/api/recovery-plans/${planId}`;
}

/** What the events of one matter have in common, so that a receiver puts them together. */
export const matterOf = ({ executionId, planId, worldId, kind }: NotificationEvent): string =>
  executionId ?? `${kind}/${planId ?? worldId ?? "installation"}`;
