import type { Approval } from "../../../src/domain/approvals/approval.js";
import type { Execution } from "../../../src/domain/execution.js";
import type { ClientEntry } from "../evidence.js";
import { approvalsOf } from "./approval-records.js";
import type { Facts } from "./facts.js";
import { type Violation, violation } from "./violation.js";

/** Who may do what in a run. Whoever has a token that is revoked may do it until then. */
const MAY = {
  approve: new Set(["ann", "bob", "cid", "dan", "operator", "rex"]),
  "break a glass": new Set(["eva"]),
  "review a broken glass": new Set(["auditor"]),
  steer: new Set(["sam", "tom", "ann", "operator"]),
  start: new Set(["operator"]),
  "save a plan": new Set(["operator"]),
} satisfies Record<string, ReadonlySet<string>>;

/** A process goes by what it read of a token for five seconds, and its clock may be set back a little meanwhile. */
const NOTICED_MS = 10_000;

/**
 * I23: whatever is recorded was done by somebody who had the right to it at that moment: decisions, broken glasses and
 * their reviews, starts, steering, changes of commit timers and versions of plans.
 */
export function effectsHaveARight(facts: Facts): Violation[] {
  const { executions, plans } = facts.evidence.store;
  const approvals = [...approvalsOf(facts).values()].flatMap((writes) => writes.at(-1)?.record ?? []);
  return [
    ...approvals.flatMap((record) => ofApproval(facts, record)),
    ...executions.flatMap((execution) => ofExecution(facts, execution)),
    ...plans.flatMap(({ savedBy, plan }) => unless("save a plan", savedBy, `a version of ${plan.id}`)),
  ];
}

function ofApproval(facts: Facts, { content, decisions, brokenGlass }: Approval): Violation[] {
  const what = `approval ${content.approvalId}`;
  return [
    ...decisions.flatMap(({ person }) => [
      ...unless("approve", person, what),
      ...(person === "rex" && !rexDecidedInTime(facts, content.approvalId)
        ? [violation("I23", `rex decided about ${what} after his token was revoked`, content)]
        : []),
    ]),
    ...unless("break a glass", brokenGlass?.person, what),
    ...unless("review a broken glass", brokenGlass?.reviewedBy, what),
  ];
}

function ofExecution(facts: Facts, execution: Execution): Violation[] {
  const { executionId, steering = [], cancelRequest } = execution;
  const timer = "outcomes" in execution ? execution.commitTimer : undefined;
  const changedBy = [
    ...(timer?.extensions ?? []).map(({ by }) => by),
    ...(timer?.end?.kind === "cancelled" ? [timer.end.by] : []),
  ];
  const steered = [...steering.map(({ person }) => person), ...changedBy, cancelRequest?.requestedBy];
  return [
    ...steered.flatMap((person) => unless("steer", person, executionId)),
    ...unless("start", starterOf(facts, execution), executionId),
  ];
}

/** A commit timer starts on behalf of whoever started the failover that has it. */
function starterOf({ evidence }: Facts, { requestedBy, onBehalfOf }: Execution): string {
  const timed = evidence.store.executions.find(
    ({ executionId, ...one }) => "commitTimer" in one && requestedBy === `commit timer of execution ${executionId}`,
  );
  return timed === undefined ? requestedBy : (onBehalfOf ?? requestedBy);
}

const unless = (act: keyof typeof MAY, person: string | undefined, what: string): Violation[] =>
  person === undefined || MAY[act].has(person) ? [] : [violation("I23", `${person} may not ${act}, and did (${what})`)];

const rexDecidedInTime = (facts: Facts, approvalId: string): boolean =>
  facts.evidence.client.some(
    (entry) =>
      entry.request.kind === "trespass" &&
      entry.request.act === "approve" &&
      entry.request.approvalId === approvalId &&
      mayStillApprove(facts, entry),
  );

/** Whether a request of rex came before his token was revoked, or so soon after it that it may not be known yet. */
export function mayStillApprove({ evidence }: Facts, { request, atMs }: ClientEntry): boolean {
  if (request.kind !== "trespass" || request.who !== "rex" || request.act !== "approve") return false;
  const revoked = evidence.client.flatMap((entry) =>
    entry.request.kind === "revoke-token" && entry.request.to === "rex" && entry.outcome === "ok"
      ? [entry.endedMs ?? entry.atMs]
      : [],
  );
  return atMs <= Math.min(...revoked, Infinity) + NOTICED_MS;
}
