import type { PrerequisitesAnswer } from "../../../src/commands/previews.js";
import type { ClientRequest } from "../client/requests.js";
import type { ClientEntry, Evidence } from "../evidence.js";
import type { Facts } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** Recovery points come and go with time, so a start is compared only if it follows at once. */
const AT_ONCE_MS = 10_000;

type Asked = Extract<ClientRequest, { kind: "start" | "prerequisites" }>;
const sameAsk = (one: Asked, other: Asked): boolean =>
  one.verb === other.verb &&
  JSON.stringify([one.target, one.options]) === JSON.stringify([other.target, other.options]);

/** The start for which a user asked for the decision first. */
function startAfter({ client }: Evidence, { n, endedMs, request }: ClientEntry): ClientEntry | undefined {
  return client.find(
    (entry) =>
      entry.n > n &&
      entry.atMs === endedMs &&
      entry.request.kind === "start" &&
      request.kind === "prerequisites" &&
      sameAsk(entry.request, request),
  );
}

/** Whether something but the start itself wrote, or a fault was injected, from the question until the answer. */
function isDisturbed(
  { store, injectedFaults, estate }: Evidence,
  fromMs: number,
  { endedMs, executionId }: ClientEntry,
) {
  const toMs = endedMs ?? Infinity;
  if (toMs - fromMs > AT_ONCE_MS) return true;
  const isWithin = ({ atMs }: { atMs: number }): boolean => atMs >= fromMs && atMs <= toMs;
  if (injectedFaults.some(isWithin) || estate.events.some(isWithin)) return true;
  return store.journal.filter(isWithin).some(({ table, operations }) => {
    if (table === "Executions") return false;
    const isOwn = executionId !== null && operations.every(({ json }) => json?.includes(executionId) === true);
    return table !== "Items" || !isOwn;
  });
}

/** Items that an answer says would be taken or passed over. */
const going = ({ items }: PrerequisitesAnswer): string[] =>
  items.flatMap((item) => ("from" in item ? [item.itemId] : [])).sort();

function disagreement(facts: Facts, asked: ClientEntry, start: ClientEntry): string | undefined {
  const started = start.outcome === "ok" ? "it started" : `it was refused with ${start.code}`;
  if (asked.outcome === "refused")
    return start.code === asked.code ? undefined : `the question was refused with ${asked.code}, but ${started}`;
  const answer = asked.answer as PrerequisitesAnswer;
  const expected = answer.refusal?.code ?? null;
  if (start.code !== expected)
    return `it was said to be ${expected === null ? "ready" : `refused with ${expected}`}, but ${started}`;
  const record = facts.executions.get(start.executionId ?? "")?.record;
  if (record === undefined) return undefined;
  const [said, took] = [going(answer).join(", "), [...record.itemIds].sort().join(", ")];
  return said === took ? undefined : `it was said to take ${said}, but took ${took}`;
}

/** I29: what the prerequisites say just before a start and what the start answers agree, if nothing happens between. */
export function startsAsSaid(facts: Facts): Violation[] {
  const { evidence } = facts;
  return evidence.client.flatMap((asked) => {
    if (asked.request.kind !== "prerequisites" || !isAnswered(asked)) return [];
    const start = startAfter(evidence, asked);
    if (start === undefined || !isAnswered(start) || isDisturbed(evidence, asked.atMs, start)) return [];
    const wrong = disagreement(facts, asked, start);
    if (wrong === undefined) return [];
    const what = `${asked.request.verb} asked about at ${moment(asked.atMs)}: ${wrong}`;
    return [violation("I29", what, asked, start)];
  });
}

const isAnswered = ({ outcome }: ClientEntry): boolean => outcome === "ok" || outcome === "refused";
