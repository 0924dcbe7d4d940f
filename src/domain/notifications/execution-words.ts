import { z } from "zod";
import { clip } from "../approvals/ask-words.js";
import { type ExecutionEventKind, type Fact, MAX_EVENT_TEXT, type NotificationEvent, type Severity } from "./event.js";

/** What an execution says in its events. Programs get all of it, and people what is named here. */
export const ExecutionNews = z.looseObject({
  worldId: z.string(),
  plan: z.object({ id: z.string(), name: z.string(), version: z.int() }).nullable(),
  verb: z.string(),
  direction: z.string(),
  awaits: z.looseObject({ kind: z.string(), asks: z.string(), until: z.string() }).optional(),
  status: z.string().optional(),
  reason: z.string().nullish(),
  groupId: z.string().optional(),
  reached: z.int().optional(),
  of: z.int().optional(),
  count: z.int().optional(),
  items: z.union([z.int(), z.array(z.looseObject({ itemId: z.string() }))]).optional(),
  outcomes: z.record(z.string(), z.int()).optional(),
  worstLossSeconds: z.number().nullish(),
  commitTimer: z.looseObject({ text: z.string() }).optional(),
});
export type ExecutionNews = z.output<typeof ExecutionNews>;

/** Failed items that a text names. */
const MAX_NAMED = 10;

/** An event of an execution as it is told. */
export function eventOf(
  { eventId, executionId, kind, at }: { eventId: string; executionId: string; kind: ExecutionEventKind; at: string },
  data: ExecutionNews,
): NotificationEvent {
  const { plan, worldId, verb, status } = data;
  const what = `${verb} of ${plan === null ? "an item" : `plan ${plan.name}`}`;
  return {
    ...{ eventId, kind, at, executionId, worldId, planId: plan?.id ?? null },
    severity: severityOf(kind, data),
    ends: kind === "ended" && status === "succeeded",
    text: clip(`${what}${newsOf(kind, data)}`, MAX_EVENT_TEXT),
    facts: factsOf(data),
    data,
  };
}

/** An execution that somebody cancelled on purpose is no failure. */
function severityOf(kind: ExecutionEventKind, { status }: ExecutionNews): Severity {
  if (kind === "item-failed") return "error";
  if (kind === "awaiting-input") return "warning";
  if (kind !== "ended" || status === "succeeded") return "info";
  return status === "failed" ? "error" : "warning";
}

function newsOf(kind: ExecutionEventKind, news: ExecutionNews): string {
  const { awaits, items = [], count, commitTimer, groupId, reached, of, status = "", reason } = news;
  switch (kind) {
    case "started":
      return ` started for ${typeof items === "number" ? items : items.length} items`;
    case "progress":
      return commitTimer === undefined ? ` has done group ${groupId} (${reached} of ${of})` : `: ${commitTimer.text}`;
    case "awaiting-input":
      return ` waits for a person: ${awaits?.asks ?? "look at it"}`;
    case "item-failed": {
      const named = typeof items === "number" ? [] : items.slice(0, MAX_NAMED).map(({ itemId }) => itemId);
      return ` has ${count} failed items: ${named.join(", ")}${(count ?? 0) > named.length ? " and more" : ""}`;
    }
    case "ended":
      return ` ended ${status}${reason == null ? "" : `: ${reason}`}`;
  }
}

function factsOf({
  plan,
  worldId,
  verb,
  direction,
  awaits,
  outcomes,
  worstLossSeconds,
  status,
}: ExecutionNews): Fact[] {
  const facts: [title: string, value: string | undefined][] = [
    ["Plan", plan === null ? undefined : `${plan.name}, version ${plan.version}`],
    ["World", worldId],
    ["What", `${verb}, ${direction}`],
    ["Status", status],
    ["Waits until", awaits?.until],
    [
      "Items",
      outcomes &&
        Object.entries(outcomes)
          .map(([outcome, count]) => `${count} ${outcome}`)
          .join(", "),
    ],
    ["Worst loss", worstLossSeconds == null ? undefined : `${worstLossSeconds} s`],
  ];
  return facts.flatMap(([title, value]) =>
    value === undefined || value === "" ? [] : [{ title, value: clip(value, 2_000) }],
  );
}
