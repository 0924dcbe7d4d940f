import type { Facts, RecordWrite } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** A period in which one execution held an item. */
interface Hold {
  itemId: string;
  executionId: string;
  fromMs: number;
  toMs: number;
}

function holdsOn(itemId: string, writes: readonly RecordWrite[]): Hold[] {
  const holds: Hold[] = [];
  for (const { atMs, record } of writes) {
    const holder = record.heldBy?.executionId;
    const last = holds.at(-1);
    if (last !== undefined && last.toMs === Infinity) {
      if (last.executionId === holder) continue;
      last.toMs = atMs;
    }
    if (holder !== undefined) holds.push({ itemId, executionId: holder, fromMs: atMs, toMs: Infinity });
  }
  return holds;
}

/** A hold that passed from one execution to another without a release. */
function stolen(itemId: string, writes: readonly RecordWrite[]): Violation[] {
  return writes.flatMap(({ atMs, record }, index) => {
    const before = writes[index - 1]?.record.heldBy?.executionId;
    const after = record.heldBy?.executionId;
    if (before === undefined || after === undefined || before === after) return [];
    const what = `execution ${after} took ${itemId} at ${moment(atMs)} while ${before} held it`;
    return [violation("I8", what, writes[index - 1]?.record, record)];
  });
}

/** Work that an execution began on an item that it did not hold. */
function workWithoutHold({ items }: Facts, holds: ReadonlyMap<string, readonly Hold[]>): Violation[] {
  return items.flatMap(({ item, begins }) =>
    begins.flatMap((begin) => {
      const { executionId } = begin.key;
      const held = (holds.get(item.itemId) ?? []).some(
        (hold) => hold.executionId === executionId && hold.fromMs <= begin.beganMs && begin.beganMs <= hold.toMs,
      );
      if (held) return [];
      const what = `${begin.operation} of ${item.itemId} began at ${moment(begin.beganMs)} for ${executionId}, which did not hold the item`;
      return [violation("I8", what, begin, holds.get(item.itemId))];
    }),
  );
}

/**
 * Two executions of all items of one plan that held items at the same time. Those that leave items out may, and so may
 * those of versions with other items.
 */
function twoOfOnePlan(facts: Facts, holds: readonly Hold[]): Violation[] {
  const planOf = (executionId: string): string | undefined => {
    const { subject, leftOut, itemIds = [] } = facts.executions.get(executionId)?.record ?? {};
    if (subject?.kind !== "plan" || leftOut !== undefined) return undefined;
    return `${subject.planId} of ${itemIds.toSorted().join(", ")}`;
  };
  const spans = new Map<string, Hold>();
  for (const hold of holds) {
    if (planOf(hold.executionId) === undefined) continue;
    const span = spans.get(hold.executionId) ?? hold;
    spans.set(hold.executionId, {
      ...span,
      fromMs: Math.min(span.fromMs, hold.fromMs),
      toMs: Math.max(span.toMs, hold.toMs),
    });
  }
  const all = [...spans.values()];
  return all.flatMap((one, index) =>
    all.slice(index + 1).flatMap((other) => {
      const plan = planOf(one.executionId);
      if (plan !== planOf(other.executionId)) return [];
      const fromMs = Math.max(one.fromMs, other.fromMs);
      if (fromMs >= Math.min(one.toMs, other.toMs)) return [];
      const what = `executions ${one.executionId} and ${other.executionId} of plan ${plan} both held items from ${moment(fromMs)}`;
      return [violation("I8", what, one, other)];
    }),
  );
}

/**
 * I8: holds of one item do not overlap, nor do those of two executions of one whole plan, and no execution works on an item that it
 * does not hold.
 */
export function singleHolder(facts: Facts): Violation[] {
  const holds = new Map([...facts.records].map(([itemId, writes]) => [itemId, holdsOn(itemId, writes)] as const));
  return [
    ...[...facts.records].flatMap(([itemId, writes]) => stolen(itemId, writes)),
    ...workWithoutHold(facts, holds),
    ...twoOfOnePlan(facts, [...holds.values()].flat()),
  ];
}
