import { EventType } from "../../../host/durable/history.js";
import {
  type Approval,
  type ApprovalContent,
  type ApprovalDecision,
  contentHash,
} from "../../../src/domain/approvals/approval.js";
import { type ApprovalStanding, useApproval } from "../../../src/executions/approval-contracts.js";
import { sha256 } from "../../support/hash.js";
import type { ClientEntry } from "../evidence.js";
import { PEOPLE } from "../generators/approvals.js";
import { personAt } from "../generators/webhook-sources.js";
import { type ApprovalWrite, approvalsOf, arrivalsAt } from "./approval-records.js";
import type { Facts } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** What follows a status. Whatever is over stays as it is. */
const NEXT: Readonly<Record<Approval["status"], readonly Approval["status"][]>> = {
  pending: ["approved", "declined", "expired", "void"],
  approved: ["used", "expired", "void"],
  used: [],
  declined: [],
  expired: [],
  void: [],
};

/**
 * I12: an approval lets its execution go on once at most, and only when as many different people as are needed approved
 * it, who may and did; what is over stays over.
 */
export const approvalsAreUsedOnce = (facts: Facts): Violation[] => [
  ...[...approvalsOf(facts).values()].flatMap((writes) => problemsOf(facts, writes)),
  ...continuedTwice(facts),
];

function problemsOf(facts: Facts, writes: readonly ApprovalWrite[]): Violation[] {
  const found = (what: string, write: ApprovalWrite): Violation =>
    violation("I12", `approval ${write.record.content.approvalId}, at ${moment(write.atMs)}: ${what}`, write.record);
  const changed = writes.flatMap((write, at) => {
    const before = writes[at - 1]?.record.status ?? "pending";
    const { status } = write.record;
    return status === before || NEXT[before].includes(status) ? [] : [found(`${before} became ${status}`, write)];
  });
  const [first] = writes;
  const used = arrivalsAt(writes, "used").flatMap((write) => {
    const why = whyNotApproved(first?.record.content ?? write.record.content, write.record);
    return why === undefined ? [] : [found(`it was used, but ${why}`, write)];
  });
  const last = writes.at(-1);
  const unheard = last?.record.decisions.filter((made) => !wasAsked(facts, last.record, made)) ?? [];
  const made = last === undefined ? [] : unheard.map(({ person }) => found(`${person} never decided that`, last));
  return [...changed, ...used, ...made];
}

/** What was asked first counts, whatever the record says later. */
function whyNotApproved(content: ApprovalContent, { hash, decisions, brokenGlass, ...record }: Approval) {
  if (contentHash(record.content, sha256) !== hash || contentHash(content, sha256) !== hash)
    return "its content is another one than the one that was asked for";
  if (brokenGlass !== undefined) return undefined;
  if (decisions.some(({ decision }) => decision === "decline")) return "somebody declined";
  const people = new Set(decisions.map(({ person }) => person));
  const unable = [...people].filter((person) => !mayApprove(person) || content.requestedBy === person);
  if (unable.length > 0) return `${unable.join(", ")} may not approve it`;
  if (people.size < decisions.length) return "somebody counts twice";
  return people.size < content.needed ? `only ${people.size} of ${content.needed} approved` : undefined;
}

const mayApprove = (person: string): boolean => PEOPLE[person]?.includes("approver") === true;

/** Whether a client asked for a decision, or somebody said it at a source, whatever answer came. */
const wasAsked = ({ evidence }: Facts, { content }: Approval, made: ApprovalDecision): boolean =>
  evidence.client.some(({ request }) => {
    const asked = askedBy(request);
    return (
      asked !== undefined &&
      asked.approvalId === content.approvalId &&
      asked.person === made.person &&
      asked.decision === made.decision
    );
  });

function askedBy(request: ClientEntry["request"]) {
  if (request.kind === "decide") return request;
  if (request.kind === "trespass")
    return request.act === "approve"
      ? { approvalId: request.approvalId, decision: "approve", person: request.who }
      : undefined;
  if (request.kind !== "webhook" || request.said === null) return undefined;
  const { sourceId, external, approvalId, decision } = request.said;
  return { approvalId, decision, person: personAt(sourceId, external) };
}

/** Each time that an execution heard that it may go on is one more use, as its history says. */
function continuedTwice({ evidence }: Facts): Violation[] {
  const times = new Map<string, number>();
  for (const { history } of evidence.hub.instances) {
    const events = history?.events ?? [];
    const asks = new Map(
      events.flatMap(({ event, taskInput }) =>
        event.EventType === EventType.TaskScheduled && event.Name === useApproval.name
          ? [[event.EventId, inputOf(taskInput ?? event.Input)] as const]
          : [],
      ),
    );
    for (const { event } of events) {
      if (event.EventType !== EventType.TaskCompleted) continue;
      const approvalId = asks.get(event.TaskScheduledId);
      if (approvalId === undefined || standingIn(event.Result)?.state !== "used") continue;
      times.set(approvalId, (times.get(approvalId) ?? 0) + 1);
    }
  }
  return [...times].flatMap(([approvalId, count]) =>
    count > 1 ? [violation("I12", `approval ${approvalId} let its execution go on ${count} times`)] : [],
  );
}

const inputOf = (text: string | null | undefined): string => {
  const parsed = JSON.parse(text ?? "{}") as { approvalId?: string } | [{ approvalId?: string }];
  return (Array.isArray(parsed) ? parsed[0] : parsed).approvalId ?? "";
};

function standingIn(text: string | null | undefined): ApprovalStanding | undefined {
  const answer = JSON.parse(text ?? "{}") as { ok?: boolean; value?: ApprovalStanding };
  return answer.ok === true ? answer.value : undefined;
}
