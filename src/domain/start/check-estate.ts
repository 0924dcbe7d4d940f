/** The second half of the decision about a start: what the estate says of the items that their records allow. */
import type { ErrorCode } from "../errors.js";
import type { LifecycleItem } from "../items/allowed-actions.js";
import type { EstateSnapshot } from "../items/snapshot.js";
import type { Finding } from "../prerequisites/prerequisite.js";
import {
  type CheckedPrerequisite,
  isShared,
  reportBeforeGroup,
  reportPrerequisites,
  reportWayHome,
  type StartContext,
} from "../prerequisites/prerequisites.js";
import type { RecoveryPointChoice } from "../recovery-points/recovery-point-choice.js";
import { type SolvedPoint, type SolverItem, solveRecoveryPoints } from "../recovery-points/recovery-point-solver.js";
import { opposite } from "../scenario-traits.js";
import { toMs } from "../text.js";
import type { ExecutionDirection, Verb } from "../vocabulary.js";
import { type Movement, movementOf } from "./confirmation.js";
import { goesWithout, type ItemDecision, itemsOf, type Selection, type StartAsked, unfit } from "./decide-start.js";
import { protectedMembers, standTogether } from "./replication-groups.js";
import { goesBack, noPoint, notReadable } from "./state-findings.js";

/** What the decision needs to know of the estate. */
export interface EstateFacts {
  /** The items that can be read, with their sites and links. */
  estate: EstateSnapshot;
  /** Items that cannot be read, each with the reason. */
  unreadable: ReadonlyMap<string, string>;
  /** The recovery points of the items, if the verb chooses among them. */
  points: ReadonlyMap<string, SolverItem>;
  choice: RecoveryPointChoice;
  records: ReadonlyMap<string, LifecycleItem>;
  members: readonly LifecycleItem[];
  context: StartContext;
  phase: StartPhase;
}

/**
 * `start`: before anything is touched. `group`: before a later group, when the sources are off already. `home`: before a
 * full run commits.
 */
export type StartPhase = "start" | "group" | "home";

const REPORTS = { start: reportPrerequisites, group: reportBeforeGroup, home: reportWayHome };

export interface Refusal {
  code: ErrorCode;
  message: string;
  details: string[];
}

export interface StartDecision {
  direction: ExecutionDirection;
  /** Direction and sites of the items that would go, for the option `confirm`; null for a verb without a direction. */
  confirm: Movement | null;
  items: ItemDecision[];
  checked: CheckedPrerequisite[];
  findings: Finding[];
  /** To leave these out would let the rest start; empty when it may start, and when nothing would be left. */
  without: string[];
  /** Null when it may start. */
  refusal: Refusal | null;
}

/** Verbs that start from a recovery point that the request or the plan chooses. */
export const CHOOSES_POINTS: ReadonlySet<Verb> = new Set([
  "test-failover",
  "unplanned-failover",
  "failback",
  "change-recovery-point",
]);

/** Whether the recovery points of the items must be read. `latest` is made from what was received when it starts. */
export const readsPoints = (verb: Verb, { kind }: RecoveryPointChoice): boolean =>
  CHOOSES_POINTS.has(verb) && (kind !== "latest" || verb === "change-recovery-point");

/** Decides about every item, and so about the start. */
export function decideStart(selection: Selection, facts: EstateFacts): StartDecision {
  const { asked } = selection;
  const findings = [...selection.findings];
  const readable = selection.items.map((item): ItemDecision => {
    const reason = facts.unreadable.get(item.itemId);
    return item.decision !== "take" || reason === undefined
      ? item
      : unfit(asked, item.itemId, [notReadable(item.itemId, reason)], findings);
  });
  const { items, checked } = leaveOutUnfit(asked, passNewest(asked, readable, facts), facts, findings);
  const blocked = items.filter(({ decision }) => decision === "blocked");
  const without = blocked.length === 0 ? [] : offerWithout(items, facts);
  return {
    direction: directionOf(asked.verb, items, facts.records),
    confirm: movementOf(asked.verb, goingOf(items, facts.estate)),
    ...{ items, checked, findings, without },
    refusal: refusalOf(asked, items, findings, without),
  };
}

/** So many times the last item alone is left out; then all that do not fit at once. */
const MAX_SINGLE_ROUNDS = 20;

/**
 * Decides about the items that are not ready, until the rest is. Needs that items have together, such as a quota, may
 * be met once some of them are left out: the last ones go first.
 */
function leaveOutUnfit(
  asked: StartAsked,
  given: readonly ItemDecision[],
  facts: EstateFacts,
  findings: Finding[],
): { items: ItemDecision[]; checked: CheckedPrerequisite[] } {
  let items = [...given];
  let checked: CheckedPrerequisite[] | undefined;
  for (let round = 0; ; round += 1) {
    const examined = examine(asked.verb, takenOf(items), facts);
    checked ??= examined.checked;
    const errors = errorsByItem(examined.findings);
    if (errors.size === 0) {
      findings.push(...examined.findings);
      return { items, checked };
    }
    const fits = (kept: ReadonlySet<string>) =>
      errorsByItem(
        examine(
          asked.verb,
          takenOf(items).filter((id) => !errors.has(id) || kept.has(id)),
          facts,
        ).findings,
      ).size === 0;
    const next = unfitOf(asked, errors, round, fits);
    findings.push(...examined.findings.filter(({ itemId, severity }) => severity === "warning" && next.has(itemId)));
    items = items.map((item) =>
      next.has(item.itemId) ? unfit(asked, item.itemId, errors.get(item.itemId) ?? [], findings) : item,
    );
  }
}

/** The items that go, or would if nothing blocked them. */
function goingOf(items: readonly ItemDecision[], { items: snapshots }: EstateSnapshot): EstateSnapshot["items"] {
  const going = new Set(
    items.flatMap(({ decision, itemId }) => (decision === "take" || decision === "blocked" ? [itemId] : [])),
  );
  return snapshots.filter(({ item }) => going.has(item.id));
}

const takenOf = (items: readonly ItemDecision[]): string[] =>
  items.flatMap(({ decision, itemId }) => (decision === "take" ? [itemId] : []));

function errorsByItem(findings: readonly Finding[]): ReadonlyMap<string, Finding[]> {
  const errors = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (finding.severity === "error") errors.set(finding.itemId, [...(errors.get(finding.itemId) ?? []), finding]);
  }
  return errors;
}

/** The items to decide about now: all, if one of them prevents the start; otherwise as few as it takes. */
function unfitOf(
  asked: StartAsked,
  errors: ReadonlyMap<string, readonly Finding[]>,
  round: number,
  fits: (kept: ReadonlySet<string>) => boolean,
): ReadonlySet<string> {
  const ids = [...errors.keys()];
  if (!ids.every((id) => goesWithout(asked, id))) return new Set(ids);
  const own = ids.filter((id) => errors.get(id)?.some(({ code }) => !isShared(code)));
  if (own.length > 0) return new Set(own);
  if (round < MAX_SINGLE_ROUNDS) return new Set(ids.slice(-1));
  let [kept, tooMany] = [0, ids.length];
  while (tooMany - kept > 1) {
    const middle = Math.floor((kept + tooMany) / 2);
    if (fits(new Set(ids.slice(0, middle)))) kept = middle;
    else tooMany = middle;
  }
  return new Set(ids.slice(kept));
}

/** What prerequisites and recovery points say of some items, as if only they went. */
function examine(
  verb: Verb,
  itemIds: readonly string[],
  facts: EstateFacts,
): { checked: CheckedPrerequisite[]; findings: Finding[] } {
  const ids = new Set(itemIds);
  const estate = { ...facts.estate, items: facts.estate.items.filter(({ item }) => ids.has(item.id)) };
  const { checked, findings } = REPORTS[facts.phase](estate, verb, facts.context);
  return { checked, findings: [...findings, ...pointFindings(verb, itemIds, facts)] };
}

/** A failover that failed after its promotion continues from its point and needs no other. */
function pointFindings(verb: Verb, itemIds: readonly string[], facts: EstateFacts): Finding[] {
  if (facts.phase !== "start" || !readsPoints(verb, facts.choice)) return [];
  const promoted = promotedPoints(facts);
  const isChange = verb === "change-recovery-point";
  const open = itemIds.filter((itemId) => isChange || !promoted.has(itemId));
  return solvedPoints(open, facts).flatMap(({ itemId, point, failure }): Finding[] => {
    if (point === null) return [noPoint(itemId, failure)];
    const current = promoted.get(itemId);
    const backMs = current === undefined ? 0 : toMs(current.time) - toMs(point.time);
    return isChange && backMs > 0 ? [goesBack(itemId, backMs / 1_000)] : [];
  });
}

const promotedPoints = ({ estate }: EstateFacts) =>
  new Map(estate.items.flatMap(({ item, promotedFrom }) => (promotedFrom ? [[item.id, promotedFrom] as const] : [])));

const solvedPoints = (itemIds: readonly string[], { points, choice }: EstateFacts): SolvedPoint[] =>
  solveRecoveryPoints(
    itemIds.flatMap((itemId) => points.get(itemId) ?? []),
    choice,
  );

/**
 * A change of recovery point passes over the items that run from the chosen point already. One that asks for the newest
 * never takes an item back in time.
 */
function passNewest(asked: StartAsked, items: readonly ItemDecision[], facts: EstateFacts): ItemDecision[] {
  if (asked.verb !== "change-recovery-point" || asked.alone) return [...items];
  const promoted = promotedPoints(facts);
  const wantsNewest = facts.choice.kind === "latest" || facts.choice.kind === "latest-processed";
  const solved = new Map(solvedPoints(takenOf(items), facts).map(({ itemId, point }) => [itemId, point]));
  return items.map((item): ItemDecision => {
    const [point, current] = [solved.get(item.itemId), promoted.get(item.itemId)];
    if (item.decision !== "take" || !point || current === undefined) return item;
    const stays = point.id === current.id || (wantsNewest && toMs(point.time) <= toMs(current.time));
    if (!stays) return item;
    const because = `it runs from its recovery point of ${current.time} (emulated time) already, and no newer one meets the choice`;
    return { itemId: item.itemId, decision: "already-done", from: item.from, because };
  });
}

/** The items that prevent the start, with the whole of their replication groups. Empty when nothing would be left. */
function offerWithout(items: readonly ItemDecision[], { members }: EstateFacts): string[] {
  const blocked = new Set(items.flatMap(({ decision, itemId }) => (decision === "blocked" ? [itemId] : [])));
  const groups = new Set(
    members.flatMap(({ itemId, replicationGroupId }) => (blocked.has(itemId) ? (replicationGroupId ?? []) : [])),
  );
  for (const groupId of groups) {
    const group = protectedMembers(members, groupId);
    if (standTogether(group)) for (const { itemId } of group) blocked.add(itemId);
  }
  const left = takenOf(items).filter((itemId) => !blocked.has(itemId));
  return left.length === 0 ? [] : items.flatMap(({ itemId }) => (blocked.has(itemId) ? [itemId] : []));
}

/** The direction in which the verb takes its items. A reprotect reverses it. */
function directionOf(
  verb: Verb,
  items: readonly ItemDecision[],
  records: ReadonlyMap<string, LifecycleItem>,
): ExecutionDirection {
  const directions = new Set(takenOf(items).flatMap((itemId) => records.get(itemId)?.direction ?? []));
  const [direction = "primary-to-recovery", other] = directions;
  if (other !== undefined) return "mixed";
  return verb === "reprotect" ? opposite(direction) : direction;
}

type CannotGo = Extract<ItemDecision, { code: ErrorCode }>;
const cannotGo = (item: ItemDecision): item is CannotGo => "code" in item;

function refusalOf(
  asked: StartAsked,
  items: readonly ItemDecision[],
  findings: readonly Finding[],
  without: readonly string[],
): Refusal | null {
  const cannot = items.filter(cannotGo);
  const blocked = cannot.filter(({ decision }) => decision === "blocked");
  const details = findings
    .filter(({ itemId, severity }) => severity === "error" && cannot.some((item) => item.itemId === itemId))
    .map(({ itemId, code, found, fix }) => `${itemId}: ${found} (${code}). ${fix}`);
  const [first] = blocked.length > 0 ? blocked : takenOf(items).length > 0 ? [] : cannot;
  if (first !== undefined) {
    const others = (blocked.length > 0 ? blocked : cannot).length - 1;
    const more = others === 0 ? "" : ` ${others} more of ${itemsOf(asked).length} items cannot go.`;
    const offer =
      without.length === 0 ? "" : ` To go without them, start with the option without: ${without.join(", ")}.`;
    // The plan exists. That one of its items does not is no reason to answer that nothing was found.
    const code = first.code === "item-not-found" && !asked.alone ? "prerequisites-failed" : first.code;
    return { code, message: `${first.because}${more}${offer}`, details };
  }
  if (takenOf(items).length > 0) return null;
  const reasons = items.flatMap((item) => ("because" in item ? [`${item.itemId}: ${item.because}`] : []));
  return {
    code: "verb-not-allowed",
    message: `${asked.verb} has nothing to do: ${reasons.slice(0, 3).join("; ")}${reasons.length > 3 ? `; and ${reasons.length - 3} more` : ""}`,
    details: reasons,
  };
}
