import type { EmulatedItem } from "../../../src/hypervisor/emulator/state.js";
import type { DiskSequence } from "../../../src/hypervisor/port.js";
import { untruths } from "./estate-truth.js";
import { type Effect, type Facts, isOver, type Ran, stateAt } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** Executions that took a failover back: the verb cancel-failover, and those that undid their own work. */
function tookBack({ record }: Ran, own: readonly Effect[], itemId: string): boolean {
  if (!isOver(record)) return false;
  const outcome = record.outcomes.find((candidate) => candidate.itemId === itemId);
  const demoted = own.some(({ entry }) => entry.operation === "demote-replica");
  if (record.verb === "cancel-failover") return outcome?.outcome === "succeeded";
  return demoted && outcome?.outcome === "cancelled" && outcome.state === "protected";
}

/** What a way back must not have changed: where it runs, which way it replicates, and what its disks hold. */
function notAsBefore(ran: Ran, before: EmulatedItem | undefined, after: EmulatedItem): string[] {
  const { source, direction } = after;
  const wrong = untruths(
    { state: "protected", activeSiteId: source.siteId, direction, epoch: 0, conditions: [] },
    after,
  );
  if (before === undefined || ran.record.verb === "cancel-failover") return wrong;
  const moved = before.source.siteId !== after.source.siteId || before.direction !== after.direction;
  const shorter = after.sourceWrites.length < before.sourceWrites.length;
  return [
    ...wrong,
    ...(moved ? ["it is not where it was"] : []),
    ...(shorter ? ["writes of its source are gone"] : []),
  ];
}

function rollbacks(facts: Facts): Violation[] {
  return facts.items.flatMap(({ item, effects }) =>
    [...facts.executions.values()].flatMap((ran) => {
      const { executionId, verb } = ran.record;
      const own = effects.filter(({ key }) => key.executionId === executionId);
      if (own.length === 0 || ran.endedMs === null || !tookBack(ran, own, item.itemId)) return [];
      const after = stateAt(item, ran.endedMs);
      if (after === undefined) return [];
      const wrong = notAsBefore(ran, own[0]?.before, after);
      if (wrong.length === 0) return [];
      const what = `${verb} ${executionId} took ${item.itemId} back by ${moment(ran.endedMs)}, but ${wrong.join(", ")}`;
      return [violation("I19", what, ...own.map(({ entry }) => entry), after)];
    }),
  );
}

/** What is wrong with an item that came home, just after its commit. */
function notHome({ before, after, effectMs }: Effect, home: string, effects: readonly Effect[]): string[] {
  const promotion = effects.findLast(
    ({ entry }) => entry.operation === "promote-replica" && Date.parse(entry.at) <= effectMs,
  );
  const own = effects.filter(({ key }) => key.executionId === promotion?.key.executionId);
  const off = own.find(({ entry }) => entry.operation === "shut-down-source");
  const synchronised = own.find(({ entry }) => entry.operation === "final-synchronise");
  const wrong = [
    ...(after.replica.siteId === home && after.replica.writable ? [] : ["it does not run at its original site"]),
    ...(after.source.writable ? ["the copy that it came from takes writes"] : []),
  ];
  if (promotion === undefined || off === undefined || synchronised === undefined) return wrong;
  if (before.promotedFrom?.id !== newestPointOf(synchronised)) return wrong; // an older point was asked for
  const { sequences: left } = off.entry.result as { sequences: DiskSequence[] };
  const { sequences: arrived } = promotion.entry.result as { sequences: DiskSequence[] };
  return JSON.stringify(left) === JSON.stringify(arrived)
    ? wrong
    : [...wrong, "it does not hold what its copy held when it was shut down"];
}

const newestPointOf = ({ entry }: Effect): string => (entry.result as { point: { id: string } }).point.id;

function failbacks({ items }: Facts): Violation[] {
  return items.flatMap(({ item, effects }) =>
    effects.flatMap((commit) => {
      const isHome =
        commit.entry.operation === "delete-recovery-points" && commit.before.direction === "recovery-to-primary";
      if (!isHome) return [];
      const wrong = notHome(commit, commit.after.item.sourceSiteId, effects);
      if (wrong.length === 0) return [];
      const what = `${item.itemId} came home and was committed at ${moment(commit.effectMs)}, but ${wrong.join(", ")}`;
      return [violation("I19", what, commit.entry)];
    }),
  );
}

/** I19: a failover that is taken back leaves all as it was, and one that comes home brings all of it home. */
export const wayBackIsSymmetric = (facts: Facts): Violation[] => [...rollbacks(facts), ...failbacks(facts)];
