import type { Received } from "../../../src/commands/webhooks/receive.js";
import type { OfCallers } from "../client/requests.js";
import type { ClientEntry } from "../evidence.js";
import type { Facts } from "./facts.js";
import { isExpiry } from "./refused-requests.js";
import { mayStillApprove } from "./rights.js";
import { type Violation, violation } from "./violation.js";

type Trespass = Extract<OfCallers, { kind: "trespass" }>;

const SECURITY: ReadonlySet<string> = new Set(["SecurityRecords"]);
const RECEIVED: ReadonlySet<string> = new Set(["SecurityRecords", "WebhookReceipts"]);

/**
 * I23: a forged message and a caller without the right have no effect and learn nothing; a genuine message that is
 * refused changes nothing but what was received.
 */
export function strangersChangeNothing(facts: Facts): Violation[] {
  return facts.evidence.client.flatMap((entry) => {
    const { request } = entry;
    if (request.kind === "trespass" && !mayStillApprove(facts, entry))
      return [...unlessAnswered(entry, answerTo(request)), ...changes(facts, entry, SECURITY)];
    if (request.kind === "webhook" && request.said === null)
      return [...unlessAnswered(entry, TO_A_FORGERY), ...changes(facts, entry, SECURITY)];
    return wasRefused(entry) ? changes(facts, entry, RECEIVED) : [];
  });
}

/** A genuine message, or a request of somebody who had the right at that moment. */
function wasRefused({ request, outcome, answer }: ClientEntry): boolean {
  if (request.kind === "trespass") return outcome === "refused";
  return request.kind === "webhook" && outcome === "ok" && (answer as Received).outcome === "refused";
}

/** Every forgery gets the same answer, whatever is wrong with it. */
const TO_A_FORGERY = "[webhook-refused] the request is not signed by a registered source";

/** The whole answer to each trespass: it says the same whether or not there is what the caller asks for. */
function answerTo(request: Trespass): string {
  switch (request.who) {
    case "rex":
      return "[unauthenticated] the token is unknown, expired or revoked";
    case "planner":
      return `[plan-not-found] there is no plan ${request.act === "save-plan" ? request.plan.id : ""}`;
    case "guesser":
      return `[approval-not-found] there is no approval ${request.act === "approve" ? request.approvalId : ""}`;
    case "helper":
      return missingExecution(request);
    case "operator":
      if (request.act === "pause" && request.executionId === UNKNOWN_ID) return missingExecution(request);
      return forbidden("run");
    default:
      return forbidden(request.act === "pause" ? "test or run" : request.act);
  }
}

/** An id that no execution has. */
const UNKNOWN_ID = "11111111-2222-8333-8444-555555555555";
const forbidden = (right: string): string =>
  `[forbidden] this needs the right ${right}, which the caller does not have`;
const missingExecution = (request: Trespass): string =>
  `[execution-not-found] there is no execution ${request.act === "pause" ? request.executionId : ""}`;

function unlessAnswered({ request, ...entry }: ClientEntry, expected: string): Violation[] {
  const { n, outcome, answer, code } = entry;
  if (outcome === "unknown" || outcome === "fail" || (outcome === "refused" && answer === expected)) return [];
  // The row of an execution says whose it is, so while nobody can read it, nobody learns more than that.
  if (code === "row-unreadable" && request.kind === "trespass" && request.act === "pause") return [];
  const who =
    request.kind === "trespass" ? `request ${n} of ${request.who}, who has no right to it,` : `the forged message ${n}`;
  return [violation("I23", `${who} was answered: ${outcome === "refused" ? answer : "done"}`, entry)];
}

function changes({ evidence }: Facts, entry: ClientEntry, allowed: ReadonlySet<string>): Violation[] {
  const changed = evidence.store.journal.filter(
    (write) => write.request === entry.n && !allowed.has(write.table) && !isExpiry(write),
  );
  if (changed.length === 0) return [];
  const what = `request ${entry.n} (${entry.request.kind}) has no effect, but changed the store`;
  return [violation("I23", what, entry, ...changed)];
}
