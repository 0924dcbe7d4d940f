import type { ErrorCode } from "../errors.js";
import { toMs } from "../text.js";
import { counted, listed } from "../wording.js";
import type { Machine, ProtectedItem } from "../worlds/world.js";
import { lossSecondsOf } from "./loss.js";
import type { DiskCoverage, RecoveryPoint, RecoveryPointChoice } from "./recovery-point-choice.js";

/** The input of the solver for one item. Times are emulated. */
export interface SolverItem {
  itemId: string;
  replicationGroupId: string | null;
  points: readonly RecoveryPoint[];
}

/** The recovery point of one item, or why it has none. */
export type SolvedPoint =
  | { itemId: string; point: RecoveryPoint; failure: null }
  | { itemId: string; point: null; failure: { code: ErrorCode; message: string } };

/** A choice as criteria for recovery points, and whether a replication group needs a common one. */
interface Criteria {
  pointId: string | null;
  notAfterMs: number;
  consistency: (itemId: string) => RecoveryPoint["consistency"] | null;
  common: boolean;
  /** The criteria for people, such as `app-consistent point not later than 2026-03-02T09:00:00Z`. */
  description: (itemId: string) => string;
}

const CONSISTENCY = {
  latest: null,
  "latest-processed": null,
  "latest-app-consistent": "app-consistent",
  "latest-crash-consistent": "crash-consistent",
} as const;

function criteriaOf(choice: RecoveryPointChoice): Criteria {
  const any = { pointId: null, notAfterMs: Number.POSITIVE_INFINITY };
  switch (choice.kind) {
    case "custom":
      return {
        ...any,
        pointId: choice.pointId,
        consistency: () => null,
        common: false,
        description: () => `point named ${choice.pointId}`,
      };
    case "point-in-time": {
      const { appConsistent, emulatedNotAfter } = choice;
      const asked = appConsistent === "all" ? null : new Set(appConsistent);
      const consistency = (itemId: string) =>
        asked === null || asked.has(itemId) ? ("app-consistent" as const) : null;
      return {
        ...any,
        notAfterMs: toMs(emulatedNotAfter),
        consistency,
        common: choice.groups !== "per-item",
        description: (itemId) =>
          `${kindOfPoint(consistency(itemId))} not later than ${emulatedNotAfter} (emulated time)`,
      };
    }
    case "latest":
      return {
        ...any,
        consistency: () => null,
        common: choice.groups === "common",
        description: () => "recovery point",
      };
    default: {
      const consistency = CONSISTENCY[choice.kind];
      return {
        ...any,
        consistency: () => consistency,
        common: choice.groups !== "per-item",
        description: () => kindOfPoint(consistency),
      };
    }
  }
}

const kindOfPoint = (consistency: RecoveryPoint["consistency"] | null): string =>
  consistency === null ? "recovery point" : `${consistency} point`;

const newestFirst = (a: RecoveryPoint, b: RecoveryPoint): number => toMs(b.time) - toMs(a.time);

/** The recovery points of one item that meet the criteria, newest first. */
function matching({ itemId, points }: SolverItem, criteria: Criteria): RecoveryPoint[] {
  const consistency = criteria.consistency(itemId);
  return points
    .filter(
      ({ id, time, consistency: its }) =>
        (criteria.pointId === null || id === criteria.pointId) &&
        toMs(time) <= criteria.notAfterMs &&
        (consistency === null || its === consistency),
    )
    .sort(newestFirst);
}

/** Why an item has no matching recovery point, with what helps to choose another. */
function whyNone({ itemId, points }: SolverItem, criteria: Criteria): string {
  const oldest = points.toSorted(newestFirst).at(-1);
  const none = `item ${itemId} has no ${criteria.description(itemId)}`;
  if (oldest === undefined) return `${none}: it has no recovery point at all`;
  if (criteria.pointId !== null) {
    const ids = points.toSorted(newestFirst).map(({ id }) => id);
    return `${none}: it never existed, or was pruned; there ${ids.length === 1 ? "is" : "are"} ${listed(ids)}`;
  }
  if (toMs(oldest.time) > criteria.notAfterMs) return `${none}: its oldest is from ${oldest.time} (emulated time)`;
  return `${none} among its ${counted(points.length, "point")}`;
}

function solveOne(item: SolverItem, criteria: Criteria): SolvedPoint {
  const [point] = matching(item, criteria);
  if (point !== undefined) return { itemId: item.itemId, point, failure: null };
  return {
    itemId: item.itemId,
    point: null,
    failure: { code: "no-recovery-point", message: whyNone(item, criteria) },
  };
}

/** A common point has the same id in every member, so members with different criteria can still share it. */
function solveGroup(members: readonly SolverItem[], criteria: Criteria): SolvedPoint[] {
  const candidates = members.map((member) => ({
    member,
    shared: new Map(
      matching(member, criteria)
        .filter(({ replicationGroupId }) => replicationGroupId !== null)
        .map((point) => [point.id, point] as const),
    ),
  }));
  const [first, ...others] = candidates;
  const common = [...(first?.shared.values() ?? [])].find(({ id }) => others.every(({ shared }) => shared.has(id)));
  if (common !== undefined) return members.map(({ itemId }) => ({ itemId, point: common, failure: null }));
  const without = candidates.filter(({ shared }) => shared.size === 0).map(({ member }) => member);
  return members.map((member) => ({
    itemId: member.itemId,
    point: null,
    failure: { code: "no-common-recovery-point", message: whyNoCommon(member, members, without, criteria) },
  }));
}

function whyNoCommon(
  member: SolverItem,
  members: readonly SolverItem[],
  without: readonly SolverItem[],
  criteria: Criteria,
): string {
  const names = members.map(({ itemId }) => itemId).join(", ");
  const none = `${names} have no common ${criteria.description(member.itemId)}`;
  if (without.length === 0) return `${none}: each has some, but they share none`;
  return `${none}: ${without.map((lacking) => whyNone(lacking, criteria)).join("; ")}`;
}

/**
 * The newest recovery point of every item that meets the choice, and one common point for each replication group unless
 * the choice says `per-item`. If an item has no such point, it and the other members of its group get the reason.
 *
 * @param items all items of the execution; other members of their groups do not count
 */
export function solveRecoveryPoints(items: readonly SolverItem[], choice: RecoveryPointChoice): SolvedPoint[] {
  const criteria = criteriaOf(choice);
  const answers = new Map<string, SolvedPoint>();
  for (const members of together(items, criteria.common)) {
    const solved = members.length > 1 ? solveGroup(members, criteria) : members.map((item) => solveOne(item, criteria));
    for (const answer of solved) answers.set(answer.itemId, answer);
  }
  return items.flatMap(({ itemId }) => answers.get(itemId) ?? []);
}

/** The sets of items that share a point: the members of a replication group, or one item. */
function together(items: readonly SolverItem[], common: boolean): SolverItem[][] {
  const sets = new Map<string, SolverItem[]>();
  for (const item of items) {
    const key = common && item.replicationGroupId !== null ? `group ${item.replicationGroupId}` : `item ${item.itemId}`;
    sets.set(key, [...(sets.get(key) ?? []), item]);
  }
  return [...sets.values()];
}

/** The recovery point and the loss that one item would have. */
export interface PointPreview {
  itemId: string;
  /** Null if the point is made at the start, or if there is none. */
  point: RecoveryPoint | null;
  /** `found`, `made-at-start` from the data received by then, or `none` with the reason. */
  answer: "found" | "made-at-start" | "none";
  /** What a start from it would lose, in emulated seconds; null if there is no point. */
  lossSeconds: number | null;
  because: string | null;
  disks: DiskCoverage | null;
}

/** The input of a preview for one item. */
export interface PreviewItem extends SolverItem {
  /** Everything that the source wrote before this time has arrived. */
  receivedUntil: string;
  /** The last write of the source; null when it wrote nothing. */
  lastWriteAt: string | null;
  /** True if data was received that no recovery point contains yet. */
  pending: boolean;
  disks: DiskCoverage | null;
}

/** The recovery point and the loss of every item if the failover started now. */
export function previewRecoveryPoints(items: readonly PreviewItem[], choice: RecoveryPointChoice): PointPreview[] {
  const solved = new Map(solveRecoveryPoints(items, choice).map((answer) => [answer.itemId, answer]));
  return items.map((item): PointPreview => {
    const { itemId, disks } = item;
    if (choice.kind === "latest" && item.pending) {
      const because = "made from all received data when the failover starts";
      const lossSeconds = lossSecondsOf({ time: item.receivedUntil }, item.lastWriteAt);
      return { itemId, point: null, answer: "made-at-start", lossSeconds, because, disks };
    }
    const answer = solved.get(itemId);
    if (answer?.point) {
      const lossSeconds = lossSecondsOf(answer.point, item.lastWriteAt);
      return { itemId, point: answer.point, answer: "found", lossSeconds, because: null, disks };
    }
    return { itemId, point: null, answer: "none", lossSeconds: null, because: answer?.failure.message ?? null, disks };
  });
}

/** The disks in the recovery points of an item; null if all of them are (A5). */
export function diskCoverageOf(
  item: Pick<ProtectedItem, "protectedDisks">,
  machine: Pick<Machine, "disks">,
): DiskCoverage | null {
  const held = new Set(item.protectedDisks ?? machine.disks.map(({ name }) => name));
  const missing = machine.disks.map(({ name }) => name).filter((name) => !held.has(name));
  if (missing.length === 0) return null;
  return { held: machine.disks.length - missing.length, of: machine.disks.length, missing };
}
