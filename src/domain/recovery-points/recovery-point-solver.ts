import type { ErrorCode } from "../errors.js";
import { toMs } from "../text.js";
import type { Machine, ProtectedItem } from "../worlds/world.js";
import type { DiskCoverage, RecoveryPoint, RecoveryPointChoice } from "./recovery-point-choice.js";

/** What the solver knows of one item. Times are emulated. */
export interface SolverItem {
  itemId: string;
  replicationGroupId: string | null;
  points: readonly RecoveryPoint[];
}

/** The point of one item, or why it has none. */
export type SolvedPoint =
  | { itemId: string; point: RecoveryPoint; failure: null }
  | { itemId: string; point: null; failure: { code: ErrorCode; message: string } };

/** A choice as a question about points: which are admitted, and whether a replication group takes one moment. */
interface Question {
  pointId: string | null;
  notAfterMs: number;
  consistency: (itemId: string) => RecoveryPoint["consistency"] | null;
  common: boolean;
  /** The question in words, such as `app-consistent point not later than 2026-03-02T09:00:00Z`. */
  words: (itemId: string) => string;
}

const CONSISTENCY = {
  latest: null,
  "latest-processed": null,
  "latest-app-consistent": "app-consistent",
  "latest-crash-consistent": "crash-consistent",
} as const;

function questionOf(choice: RecoveryPointChoice): Question {
  const any = { pointId: null, notAfterMs: Number.POSITIVE_INFINITY };
  switch (choice.kind) {
    case "custom":
      return {
        ...any,
        pointId: choice.pointId,
        consistency: () => null,
        common: false,
        words: () => `point named ${choice.pointId}`,
      };
    case "point-in-time": {
      const { appConsistent, notAfter } = choice;
      const asked = appConsistent === "all" ? null : new Set(appConsistent);
      const consistency = (itemId: string) =>
        asked === null || asked.has(itemId) ? ("app-consistent" as const) : null;
      return {
        ...any,
        notAfterMs: toMs(notAfter),
        consistency,
        common: choice.groups !== "per-item",
        words: (itemId) => `${kindOfPoint(consistency(itemId))} not later than ${notAfter}`,
      };
    }
    case "latest":
      return { ...any, consistency: () => null, common: false, words: () => "recovery point" };
    default: {
      const consistency = CONSISTENCY[choice.kind];
      return {
        ...any,
        consistency: () => consistency,
        common: choice.groups !== "per-item",
        words: () => kindOfPoint(consistency),
      };
    }
  }
}

const kindOfPoint = (consistency: RecoveryPoint["consistency"] | null): string =>
  consistency === null ? "recovery point" : `${consistency} point`;

const newestFirst = (a: RecoveryPoint, b: RecoveryPoint): number => toMs(b.time) - toMs(a.time);

/** The points of one item that a question admits, newest first. */
function admitted({ itemId, points }: SolverItem, question: Question): RecoveryPoint[] {
  const consistency = question.consistency(itemId);
  return points
    .filter(
      ({ id, time, consistency: its }) =>
        (question.pointId === null || id === question.pointId) &&
        toMs(time) <= question.notAfterMs &&
        (consistency === null || its === consistency),
    )
    .sort(newestFirst);
}

/** Why an item has no admitted point, in the words that help to ask for another. */
function whyNone({ itemId, points }: SolverItem, question: Question): string {
  const oldest = points.toSorted(newestFirst).at(-1);
  const none = `item ${itemId} has no ${question.words(itemId)}`;
  if (oldest === undefined) return `${none}: it has no recovery point at all`;
  if (question.pointId !== null) return `${none}: it was never made, or has been pruned`;
  if (toMs(oldest.time) > question.notAfterMs) return `${none}: its oldest is of ${oldest.time}`;
  return `${none} among its ${points.length} points`;
}

function solveOne(item: SolverItem, question: Question): SolvedPoint {
  const [point] = admitted(item, question);
  if (point !== undefined) return { itemId: item.itemId, point, failure: null };
  return {
    itemId: item.itemId,
    point: null,
    failure: { code: "no-recovery-point", message: whyNone(item, question) },
  };
}

/** A common point has one id in every member, so each may ask for its own consistency and all still share a moment. */
function solveGroup(members: readonly SolverItem[], question: Question): SolvedPoint[] {
  const candidates = members.map((member) => ({
    member,
    shared: new Map(
      admitted(member, question)
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
    failure: { code: "no-common-recovery-point", message: whyNoCommon(member, members, without, question) },
  }));
}

function whyNoCommon(
  member: SolverItem,
  members: readonly SolverItem[],
  without: readonly SolverItem[],
  question: Question,
): string {
  const names = members.map(({ itemId }) => itemId).join(", ");
  const none = `${names} have no common ${question.words(member.itemId)}`;
  if (without.length === 0) return `${none}: each has some, none that all of them have`;
  return `${none}: ${without.map((lacking) => whyNone(lacking, question)).join("; ")}`;
}

/**
 * The newest point of every item that a choice admits: not later than its time, app-consistent where asked, and one
 * common point inside each replication group unless the choice says otherwise. An item that cannot be satisfied has
 * the reason in its place, and so have the other members of its group.
 *
 * @param items all items of the run; members of a group that are not among them are not asked
 */
export function solveRecoveryPoints(items: readonly SolverItem[], choice: RecoveryPointChoice): SolvedPoint[] {
  const question = questionOf(choice);
  const answers = new Map<string, SolvedPoint>();
  for (const members of together(items, question.common)) {
    const solved = members.length > 1 ? solveGroup(members, question) : members.map((item) => solveOne(item, question));
    for (const answer of solved) answers.set(answer.itemId, answer);
  }
  return items.flatMap(({ itemId }) => answers.get(itemId) ?? []);
}

/** Items that take one point together: the members of a replication group, and every other item by itself. */
function together(items: readonly SolverItem[], common: boolean): SolverItem[][] {
  const sets = new Map<string, SolverItem[]>();
  for (const item of items) {
    const key = common && item.replicationGroupId !== null ? `group ${item.replicationGroupId}` : `item ${item.itemId}`;
    sets.set(key, [...(sets.get(key) ?? []), item]);
  }
  return [...sets.values()];
}

/** What one item would start from and lose, said before anything starts. */
export interface PointPreview {
  itemId: string;
  /** Null when the point is only made at the start, or when there is none. */
  point: RecoveryPoint | null;
  /** `found`, `made-at-start` from the data received by then, or `none` with the reason. */
  answer: "found" | "made-at-start" | "none";
  /** What an unplanned failover at this moment would lose, in emulated seconds; null when there is no point. */
  lossSeconds: number | null;
  because: string | null;
  disks: DiskCoverage | null;
}

/** What a preview knows of one item beside its points. */
export interface PreviewItem extends SolverItem {
  /** The moment of the answer. */
  at: string;
  /** Age of the newest data received. */
  rpoSeconds: number;
  /** True when data was received that no point holds yet. */
  pending: boolean;
  disks: DiskCoverage | null;
}

/** What every item would start from and lose if the failover began now. */
export function previewRecoveryPoints(items: readonly PreviewItem[], choice: RecoveryPointChoice): PointPreview[] {
  const solved = new Map(solveRecoveryPoints(items, choice).map((answer) => [answer.itemId, answer]));
  return items.map((item): PointPreview => {
    const { itemId, disks } = item;
    if (choice.kind === "latest" && item.pending) {
      const because = "made of all data received when the failover starts";
      return { itemId, point: null, answer: "made-at-start", lossSeconds: item.rpoSeconds, because, disks };
    }
    const answer = solved.get(itemId);
    if (answer?.point) {
      const lossSeconds = Math.max(0, (toMs(item.at) - toMs(answer.point.time)) / 1_000);
      return { itemId, point: answer.point, answer: "found", lossSeconds, because: null, disks };
    }
    return { itemId, point: null, answer: "none", lossSeconds: null, because: answer?.failure.message ?? null, disks };
  });
}

/** Which disks the points of an item hold; null when they hold all of them (A5). */
export function diskCoverageOf(
  item: Pick<ProtectedItem, "protectedDisks">,
  machine: Pick<Machine, "disks">,
): DiskCoverage | null {
  const held = new Set(item.protectedDisks ?? machine.disks.map(({ name }) => name));
  const missing = machine.disks.map(({ name }) => name).filter((name) => !held.has(name));
  if (missing.length === 0) return null;
  return { held: machine.disks.length - missing.length, of: machine.disks.length, missing };
}
