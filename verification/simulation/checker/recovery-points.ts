import { pointsOf, quietSinceMs } from "../../../src/hypervisor/emulator/replication.js";
import type { EmulatedItem } from "../../../src/hypervisor/emulator/state.js";
import type { OperationName } from "../../../src/hypervisor/port.js";
import { decisionsOf } from "./decisions.js";
import type { Change, Effect, Facts } from "./facts.js";
import { changesOf } from "./facts.js";
import { planOf } from "./plans.js";
import { moment, type Violation, violation } from "./violation.js";

type Promotion = { promoted: Effect; started: Effect };

/** The last bring-up of an item before an effect: its promotion, and the start after it. */
function lastBringUp(effects: readonly Effect[], before: Effect): Promotion | undefined {
  const earlier = effects.filter(({ entry }) => entry.sequence < before.entry.sequence);
  const promoted = earlier.findLast(({ entry: { operation } }) => PROMOTES.has(operation));
  const started = earlier.findLast(({ entry: { operation } }) => STARTS.has(operation));
  if (promoted === undefined || started === undefined) return undefined;
  return started.entry.sequence < promoted.entry.sequence ? undefined : { promoted, started };
}

const PROMOTES: ReadonlySet<OperationName> = new Set(["promote-replica", "promote-test-copy"]);
const STARTS: ReadonlySet<OperationName> = new Set(["start-replica", "promote-test-copy"]);

/** Why the commit of an item should not have begun. */
function uncommittable(facts: Facts, effects: readonly Effect[], commit: Effect): string | undefined {
  const { executionId } = commit.key;
  const trace = facts.executions.get(executionId);
  if (trace === undefined) return "an execution without a record committed it";
  const { verb } = trace.record;
  if (verb !== "commit" && verb !== "full-run") return `a ${verb} deleted its recovery points`;
  const up = lastBringUp(effects, commit);
  if (up === undefined || commit.before.promotedFrom === null) return "it was not running at the other site";
  if (commit.before.replica.power !== "on") return "its copy was powered off";
  if (verb === "commit") {
    const promoter = up.promoted.key.executionId;
    const [decided] = decisionsOf(facts, promoter, "validate");
    // A person who terminates an execution ends it before it follows any decision.
    const terminated = facts.evidence.hub.instances.some(
      ({ instance }) => instance.instanceId === promoter && instance.runtimeStatus === "Terminated",
    );
    return decided?.made.verdict === "reject" && !terminated
      ? `execution ${promoter}, which failed it over, had been rejected`
      : undefined;
  }
  if (planOf(facts, trace.record)?.validation.required !== true) return undefined;
  const [decided] = decisionsOf(facts, executionId, "validate");
  if (decided === undefined || decided.atMs > commit.beganMs) return "it had not been accepted";
  if (decided.made.verdict !== "accept") return "it was rejected";
  if (up.started.effectMs > decided.atMs) return `it was started again after its acceptance at ${moment(decided.atMs)}`;
  return undefined;
}

/** I3: an item is committed only while it runs, and in a full run only in the form that was accepted. */
export function noCommitBeforeValidation(facts: Facts): Violation[] {
  return facts.items.flatMap(({ item, effects }) =>
    effects
      .filter(({ entry }) => entry.operation === "delete-recovery-points")
      .flatMap((commit) => {
        const why = uncommittable(facts, effects, commit);
        if (why === undefined) return [];
        const what = `${item.itemId} was committed by ${commit.key.executionId} at ${moment(commit.effectMs)}, but ${why}`;
        return [violation("I3", what, commit.entry, ...effects.map(({ entry }) => entry).slice(-8))];
      }),
  );
}

/** Operations that may delete recovery points, and the verbs that may use them. */
const MAY_DELETE_POINTS: Partial<Record<OperationName, ReadonlySet<string>>> = {
  "delete-recovery-points": new Set(["commit", "full-run"]),
  "disable-replication": new Set(["disable-replication"]),
};

/** Besides the time, recovery points depend on these fields only. */
const unchanged = ({ before, after }: Change<EmulatedItem>): boolean =>
  JSON.stringify(pointFields(before)) === JSON.stringify(pointFields(after));

const pointFields = ({ madePoints, pointsDeleted, replication, sourceWrites, direction }: EmulatedItem) => [
  madePoints,
  pointsDeleted,
  replication,
  sourceWrites,
  direction,
];

/** Younger points are neither thinned out nor pruned. */
const NEVER_PRUNED_MS = 2 * 3_600_000;

/** Retention applies again once an item is protected and its source runs. Points that it prunes are no loss. */
const mayAge = ({ promotedFrom, replication, pointsDeleted }: EmulatedItem): boolean =>
  !pointsDeleted && promotedFrom === null && replication.stoppedAtMs === null;

/** Points that existed at one time and not at a later one, except those that retention pruned. */
function lostPoints(before: EmulatedItem, beforeMs: number, after: EmulatedItem, afterMs: number): string[] {
  const left = new Set(pointsOf(after, afterMs).map(({ id }) => id));
  const oldestMs = mayAge(after) ? (quietSinceMs(after) ?? afterMs) - NEVER_PRUNED_MS : -Infinity;
  return pointsOf(before, beforeMs).flatMap(({ id, time }) =>
    left.has(id) || Date.parse(time) < oldestMs ? [] : [id],
  );
}

const textOf = (ids: readonly string[]): string =>
  `${ids.length} recovery points (${ids[0] ?? ""}${ids.length > 1 ? " …" : ""})`;

/** I4: points are deleted only by a commit, by the end of replication, or by retention while the item is protected. */
export function pointsDieAtCommit(facts: Facts): Violation[] {
  return facts.items.flatMap(({ item, effects }) => {
    const allowed = (change: Change<EmulatedItem>): boolean =>
      effects.some(
        ({ entry, key, after }) =>
          after === change.after &&
          MAY_DELETE_POINTS[entry.operation]?.has(facts.executions.get(key.executionId)?.record.verb ?? "none"),
      );
    const killed = changesOf(item).flatMap((change) => {
      if (unchanged(change)) return [];
      // An effect is written when the product next looks. In the meantime the points only seem to follow the
      // schedule.
      const effectMs = Math.min(
        change.atMs,
        ...effects.flatMap((one) => (one.after === change.after ? [one.effectMs] : [])),
      );
      const gone = lostPoints(change.before, effectMs, change.after, effectMs);
      if (gone.length === 0 || allowed(change)) return [];
      const by = change.after.ledger.at(-1);
      const what = `${item.itemId} lost ${textOf(gone)} at ${moment(change.atMs)} by ${by?.operation} of ${by?.executionId}`;
      return [violation("I4", what, by)];
    });
    return [...killed.slice(0, 3), ...agedWhileFailedOver(item.itemId, effects)];
  });
}

/** From the promotion until a commit or a rollback, retention deletes no point. */
function agedWhileFailedOver(itemId: string, effects: readonly Effect[]): Violation[] {
  return effects.flatMap((ending, index) => {
    if (ending.entry.operation !== "delete-recovery-points" && ending.entry.operation !== "demote-replica") return [];
    const promotion = effects.slice(0, index).findLast(({ entry }) => PROMOTES.has(entry.operation));
    if (promotion === undefined || ending.before.promotedFrom === null) return [];
    if (ending.before.pointsDeleted) return []; // a commit that ran again; the effect of the first one was checked
    const gone = lostPoints(promotion.after, promotion.effectMs, ending.before, ending.effectMs);
    if (gone.length === 0) return [];
    const what = `${itemId} lost ${textOf(gone)} between its promotion at ${moment(promotion.effectMs)} and ${ending.entry.operation} at ${moment(ending.effectMs)}`;
    return [violation("I4", what, promotion.entry, ending.entry)];
  });
}
