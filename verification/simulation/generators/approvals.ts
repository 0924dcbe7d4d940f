import type { Role } from "../../../src/domain/access/roles.js";
import type { ApprovalPoint, Approvers } from "../../../src/domain/approvals/ask.js";
import type { PlanInput } from "../../../src/domain/plans/plan.js";
import type { Random } from "../random.js";

type Requirement = NonNullable<PlanInput["approvals"]>[number];

/**
 * The people of a run and their roles. `operator` starts everything and saves every plan, so may approve nothing. `rex`
 * has the right only until his token is revoked.
 */
export const PEOPLE: Readonly<Record<string, readonly Role[]>> = {
  ann: ["approver", "executor"],
  bob: ["approver"],
  cid: ["approver"],
  dan: ["approver"],
  operator: ["approver", "executor"],
  mallory: ["viewer"],
  rex: ["approver"],
  sam: ["executor"],
  tom: ["executor"],
  eva: ["break-glass"],
  auditor: ["auditor"],
};

const NAMED = ["ann", "bob", "cid", "operator"];
/** Only those may decide when an approval is escalated that were not asked before. */
const LATER: Approvers = { people: ["dan"] };

/** A plan that wants approvals at some of its points. */
export function withApprovals(plan: PlanInput, random: Random): PlanInput {
  const points = random.shuffled(pointsOf(plan)).slice(0, random.int(1, 3));
  return { ...plan, approvals: points.map((before, at) => requirementOf(`a${at}`, before, random.fork(`a${at}`))) };
}

/** The points of a plan, the start more often than the others: everything passes it. */
function pointsOf({ groups, shutdown }: PlanInput): ApprovalPoint[] {
  const holders = [...groups, ...(shutdown === undefined ? [] : [shutdown])];
  const actions = holders.flatMap(({ before = [], after = [] }) => [...before, ...after]);
  return [
    { kind: "start" },
    { kind: "start" },
    { kind: "commit" },
    { kind: "commit" },
    ...groups.map(({ id }): ApprovalPoint => ({ kind: "group", groupId: id })),
    ...actions.map(({ id }): ApprovalPoint => ({ kind: "action", actionId: id })),
  ];
}

function requirementOf(id: string, before: ApprovalPoint, random: Random): Requirement {
  const expiresAfterMinutes = random.pick([5, 60, 1_440]);
  const maySkip = before.kind === "group" || before.kind === "action";
  return {
    id,
    name: id,
    before,
    needed: random.int(1, 2),
    approvers: random.chance(0.6) ? { people: NAMED } : { roles: ["approver"] },
    expiresAfterMinutes,
    ...(random.chance(0.4) ? { escalation: { afterMinutes: random.int(1, 4), approvers: LATER } } : {}),
    ...(random.chance(0.25) ? { lossCeilingSeconds: random.pick([0, 300, 86_400]) } : {}),
    ...(before.kind === "start" && random.chance(0.3)
      ? { verbs: ["test-failover", "commit", "planned-failover"] }
      : {}),
    onDecline: random.pick(maySkip ? (["stop", "undo", "skip"] as const) : (["stop", "undo"] as const)),
  };
}
