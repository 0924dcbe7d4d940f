import { EventType } from "../../../host/durable/history.js";
import { TERMINAL_STATUSES } from "../../../host/durable/task-hub.js";
import { DECISION_EVENT, type DecisionEvent, decision } from "../../../src/orchestrators/runtime/contracts.js";
import { actionStepId } from "../../../src/steps/plan-steps.js";
import type { ClientRequest } from "../client/requests.js";
import type { ClientEntry, Evidence } from "../evidence.js";
import { decisionsOf } from "./decisions.js";
import { type Facts, hasEnded } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

type Acknowledged<K extends ClientRequest["kind"]> = ClientEntry & { request: Extract<ClientRequest, { kind: K }> };

const acknowledged = <K extends ClientRequest["kind"]>({ client }: Evidence, kind: K): Acknowledged<K>[] =>
  client.filter((entry): entry is Acknowledged<K> => entry.request.kind === kind && entry.outcome === "ok");

function missingStart(facts: Facts, { request, executionId }: Acknowledged<"start">): string | undefined {
  const record = facts.evidence.store.executions.find((execution) => execution.executionId === executionId);
  if (record === undefined) return `there is no execution ${executionId}`;
  if (record.idempotencyKey !== request.idempotencyKey) return `execution ${executionId} has another key`;
  if (record.verb !== request.verb) return `execution ${executionId} is a ${record.verb}`;
  const subject = record.subject.kind === "plan" ? record.subject.planId : record.subject.itemId;
  const target = request.target.kind === "plan" ? request.target.planId : request.target.itemId;
  return subject === target ? undefined : `execution ${executionId} is on ${subject}`;
}

function missingPlan({ store }: Evidence, { request }: Acknowledged<"save-plan">): string | undefined {
  const rows = store.rows.filter(({ table }) => table === "Plans");
  return rows.some(({ json }) => json.includes(`"id":"${request.plan.id}"`))
    ? undefined
    : `there is no plan ${request.plan.id}`;
}

function missingTarget(
  { estate }: Evidence,
  { request, atMs, endedMs }: Acknowledged<"change-target">,
): string | undefined {
  const kept = estate.items.some(
    ({ itemId, states }) =>
      itemId === request.itemId &&
      states.some((seen) => seen.state.item.target.size === request.size && seen.atMs <= (endedMs ?? atMs)),
  );
  return kept ? undefined : `${request.itemId} never had the size ${request.size}`;
}

/** I16: everything that was acknowledged is in the store at the end, whatever crashed in between. */
export function acknowledgedIsDurable(facts: Facts): Violation[] {
  const { evidence } = facts;
  const missing = (entry: ClientEntry, why: string | undefined): Violation[] => {
    if (why === undefined) return [];
    const what = `the ${entry.request.kind} acknowledged at ${moment(entry.endedMs ?? entry.atMs)} is lost: ${why}`;
    return [violation("I16", what, entry)];
  };
  return [
    ...acknowledged(evidence, "start").flatMap((entry) => missing(entry, missingStart(facts, entry))),
    ...acknowledged(evidence, "cancel").flatMap((entry) => {
      const noted = facts.executions.get(entry.request.executionId)?.record.cancelRequest !== undefined;
      return missing(entry, noted ? undefined : `execution ${entry.request.executionId} has no cancel`);
    }),
    ...acknowledged(evidence, "save-plan").flatMap((entry) => missing(entry, missingPlan(evidence, entry))),
    ...acknowledged(evidence, "change-target").flatMap((entry) => missing(entry, missingTarget(evidence, entry))),
  ];
}

/** An instance that ends just when a message arrives does not need the message. */
const TOO_LATE_MS = 5_000;

type Message = Evidence["hub"]["messages"][number];
type Instance = Evidence["hub"]["instances"][number];

/**
 * How often an instance took a message into its history. This counts commits, because the history of an instance that
 * was terminated while suspended is dropped.
 */
function timesRaised({ hub }: Evidence, { instanceId, name, data }: Message): number {
  const commits = hub.commits.filter((commit) => commit.instanceId === instanceId);
  const each = new Map(commits.map(({ commitId, raised }) => [commitId, raised]));
  return [...each.values()].flat().filter((raised) => raised.name === name && raised.data === data).length;
}

/**
 * When an instance ended. A host that could not write the end, or did not hear that it was written, writes the same end
 * again and ignores messages that arrived in between.
 */
function endOf({ hub }: Evidence, { instance }: Instance): number {
  if (!TERMINAL_STATUSES.has(instance.runtimeStatus)) return Infinity;
  const commits = hub.commits.filter(({ instanceId }) => instanceId === instance.instanceId);
  const last = commits.at(-1);
  const repeated = commits.findLastIndex(({ firstRow }) => firstRow !== last?.firstRow) + 1;
  return commits[repeated]?.requestedMs ?? -Infinity;
}

/** An instance takes each acknowledged message into its history exactly once, unless it had ended. */
function messagesUnconsumed(evidence: Evidence): Violation[] {
  const instances = new Map(evidence.hub.instances.map((instance) => [instance.instance.instanceId, instance]));
  const groups = new Map<string, Message[]>();
  for (const message of evidence.hub.messages) {
    const group = `${message.instanceId} ${message.name} ${message.data}`;
    groups.set(group, [...(groups.get(group) ?? []), message]);
  }
  return [...groups.values()].flatMap((messages) => {
    const [first] = messages;
    const instance = instances.get(first?.instanceId ?? "");
    if (first === undefined || instance === undefined) return [];
    const raised = timesRaised(evidence, first);
    const endMs = endOf(evidence, instance);
    const inTime = messages.filter(({ atMs, answered }) => answered && atMs < endMs - TOO_LATE_MS);
    if (raised > messages.length) {
      return [
        violation(
          "I17",
          `${first.data} reached ${first.instanceId} ${raised} times, but was sent ${messages.length} times`,
          ...messages,
        ),
      ];
    }
    if (raised >= inTime.length) return [];
    const what = `${first.data}, acknowledged at ${moment(first.atMs)}, never reached ${first.instanceId}`;
    return [violation("I17", what, ...messages)];
  });
}

/** Whether a request became this decision. */
function isOf(request: ClientRequest, made: DecisionEvent): boolean {
  if (request.kind === "validate") return made.kind === "validate" && made.verdict === request.verdict;
  if (request.kind === "confirm")
    return (
      made.kind === "confirm" &&
      made.actionId === request.actionId &&
      made.ask === request.ask &&
      made.done === request.done
    );
  return (
    request.kind === "resolve" && made.kind === "resolve" && made.ask === request.ask && made.answer === request.answer
  );
}

/** Each acknowledged decision became a message to its execution; a repeated one may have been sent before. */
function decisionsUnsent({ evidence }: Facts): Violation[] {
  const entries = (["validate", "confirm", "resolve"] as const).flatMap((kind) => acknowledged(evidence, kind));
  return entries.flatMap((entry) => {
    const sent = evidence.hub.messages.some((message) => {
      if (message.instanceId !== entry.request.executionId || message.name !== DECISION_EVENT) return false;
      const made = decision.safeParse(JSON.parse(message.data));
      return made.success && isOf(entry.request, made.data);
    });
    if (sent) return [];
    const what = `the ${entry.request.kind} acknowledged at ${moment(entry.endedMs ?? entry.atMs)} was never sent to ${entry.request.executionId}`;
    return [violation("I17", what, entry)];
  });
}

/**
 * When an execution last wrote that a timer fired. A validation that expired did so then at the latest. A decision
 * after that is too late, even while the execution still shows that it waits.
 */
function timeWasOver({ hub }: Evidence, executionId: string): number {
  const events = hub.instances.find(({ instance }) => instance.instanceId === executionId)?.history?.events ?? [];
  const fired = events.findLastIndex(({ event }) => event.EventType === EventType.TimerFired);
  const written = hub.commits.find(
    ({ instanceId, firstRow, events: rows }) =>
      instanceId === executionId && firstRow <= fired && fired < firstRow + rows,
  );
  return written?.requestedMs ?? Infinity;
}

/** The result of an execution follows the decisions it received. */
function decisionsIgnored(facts: Facts): Violation[] {
  return [...facts.executions.values()].flatMap(({ record, cancelMs }) => {
    if (!hasEnded(record)) return [];
    const { executionId, status } = record;
    const well = status === "succeeded" || status === "succeeded-with-failures";
    if (cancelMs !== null && well) {
      return [violation("I17", `the cancel of ${executionId} was acknowledged, but it ${status}`, record)];
    }
    const validations = decisionsOf(facts, executionId, "validate");
    const verdicts = new Set(validations.map(({ made }) => made.verdict));
    if (verdicts.size !== 1) return [];
    const expired = "failure" in record && record.failure.code === "validation-expired";
    if (verdicts.has("reject") && well) {
      return [violation("I17", `${executionId} was rejected, but it ${status}`, record)];
    }
    const inTime = validations.some(({ atMs }) => atMs < timeWasOver(facts.evidence, executionId));
    return verdicts.has("accept") && expired && inTime
      ? [violation("I17", `${executionId} was accepted in time, but says that nobody validated it`, record)]
      : [];
  });
}

/** A manual action is done only when somebody confirmed that very action. */
function confirmedByNobody({ evidence }: Facts): Violation[] {
  const confirmed = new Set(
    evidence.client.flatMap(({ request }) =>
      request.kind === "confirm" && request.done
        ? [`${request.executionId} ${actionStepId(request.actionId, request.ask)}`]
        : [],
    ),
  );
  return Object.entries(evidence.store.steps).flatMap(([executionId, parts]) => {
    const done = parts
      .flatMap(({ steps }) => steps)
      .filter(({ status, detail }) => status === "succeeded" && detail?.startsWith("confirmed by"));
    const unasked = done.filter(({ id }) => !confirmed.has(`${executionId} ${id}`));
    return unasked.map((step) =>
      violation("I17", `${step.id} of ${executionId} was done, but nobody confirmed it`, step),
    );
  });
}

/** I17: each acknowledged event is consumed exactly once, and its decision is carried out. */
export const noEventLost = (facts: Facts): Violation[] => [
  ...decisionsUnsent(facts),
  ...messagesUnconsumed(facts.evidence),
  ...decisionsIgnored(facts),
  ...confirmedByNobody(facts),
];
