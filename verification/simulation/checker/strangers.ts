import type { Received } from "../../../src/commands/webhooks/receive.js";
import type { ClientEntry } from "../evidence.js";
import type { Facts } from "./facts.js";
import { isExpiry } from "./refused-requests.js";
import { type Violation, violation } from "./violation.js";

/** What the answer to each kind of trespass may be: a caller learns nothing about what is outside of its plans. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  viewer: ["forbidden"],
  operator: ["forbidden"],
  planner: ["plan-not-found"],
  guesser: ["approval-not-found"],
  revoked: ["unauthenticated"],
};
const SECURITY: ReadonlySet<string> = new Set(["SecurityRecords"]);
const RECEIVED: ReadonlySet<string> = new Set(["SecurityRecords", "WebhookReceipts"]);

/**
 * I23: a forged message and a caller without the right have no effect and learn nothing; a genuine message that is
 * refused changes nothing but what was received.
 */
export function strangersChangeNothing(facts: Facts): Violation[] {
  return facts.evidence.client.flatMap((entry) => {
    const { request } = entry;
    if (request.kind === "trespass") return [...ofTrespass(entry, request.who), ...changes(facts, entry, SECURITY)];
    if (request.kind !== "webhook") return [];
    if (request.said === null) return [...ofForgery(entry), ...changes(facts, entry, SECURITY)];
    const isRefused = entry.outcome === "ok" && (entry.answer as Received).outcome === "refused";
    return isRefused ? changes(facts, entry, RECEIVED) : [];
  });
}

function ofTrespass(entry: ClientEntry, who: string): Violation[] {
  const { n, outcome, code } = entry;
  if (outcome === "unknown" || outcome === "fail") return [];
  if (outcome === "refused" && ANSWERS[who]?.includes(code ?? "")) return [];
  return [violation("I23", `request ${n} of ${who}, who has no right to it, was answered: ${code ?? "done"}`, entry)];
}

/** Every forgery gets the same answer, whatever is wrong with it. */
function ofForgery(entry: ClientEntry): Violation[] {
  const { n, outcome, code, answer } = entry;
  if (outcome === "unknown" || outcome === "fail") return [];
  if (outcome === "refused" && code === "webhook-refused" && String(answer).endsWith(THE_ANSWER)) return [];
  return [violation("I23", `the forged message ${n} was answered: ${code ?? "done"}`, entry)];
}

const THE_ANSWER = "the request is not signed by a registered source";

function changes({ evidence }: Facts, entry: ClientEntry, allowed: ReadonlySet<string>): Violation[] {
  const changed = evidence.store.journal.filter(
    (write) => write.request === entry.n && !allowed.has(write.table) && !isExpiry(write),
  );
  if (changed.length === 0) return [];
  const what = `request ${entry.n} (${entry.request.kind}) has no effect, but changed the store`;
  return [violation("I23", what, entry, ...changed)];
}
