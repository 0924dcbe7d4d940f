import { EventType } from "../../../host/durable/history.js";
import { type ApprovalWrite, approvalsOf, arrivalsAt } from "./approval-records.js";
import type { Facts } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** A write may follow the look at the clock by this long: stores are slow, and a write is tried again. */
const SLOW_MS = 120_000;

/** I24: nothing is decided or used after its deadline, wherever clocks go, and no timer fires early. */
export const deadlinesHold = (facts: Facts): Violation[] => [
  ...[...approvalsOf(facts).values()].flatMap((writes) => [...saidLate(writes), ...writtenLate(facts, writes)]),
  ...firedEarly(facts),
];

/** The deadline as far as people had moved it. */
const endOf = ({ record: { content, extensions = [] } }: ApprovalWrite): string =>
  extensions.at(-1)?.until ?? content.expiresAt;

/** By what the record itself says. */
function saidLate(writes: readonly ApprovalWrite[]): Violation[] {
  const [first, last] = [writes[0], writes.at(-1)];
  if (first === undefined || last === undefined) return [];
  const { approvalId } = first.record.content;
  const expiresAt = endOf(last);
  const late = [...last.record.decisions.map(({ at }) => at), last.record.usedAt ?? ""].filter((at) => at >= expiresAt);
  return late.map((at) =>
    violation("I24", `approval ${approvalId} was decided or used at ${at}, after ${expiresAt}`, last.record),
  );
}

/** By the clock of the host that wrote it, whatever the record says. */
function writtenLate(facts: Facts, writes: readonly ApprovalWrite[]): Violation[] {
  const effective = [
    ...arrivalsAt(writes, "approved"),
    ...arrivalsAt(writes, "declined"),
    ...arrivalsAt(writes, "used"),
  ];
  return effective.flatMap((write) => {
    const expiresMs = Date.parse(endOf(write));
    const earliestMs = write.atMs + Math.min(...skewsOf(facts, write)) - SLOW_MS;
    if (earliestMs < expiresMs) return [];
    const { status, content } = write.record;
    const what = `approval ${content.approvalId} became ${status} at ${moment(write.atMs)}, after ${endOf(write)}`;
    return [violation("I24", what, write.record)];
  });
}

/** How far the clock of the host may have been ahead: a host inherits the clock of the one before it. */
const skewsOf = ({ evidence }: Facts, { atMs, generation }: ApprovalWrite): number[] => [
  0,
  ...evidence.injectedFaults.flatMap((fault) =>
    fault.kind === "clock-jump" && fault.atMs <= atMs && fault.generation <= generation ? [fault.skewMs] : [],
  ),
];

/** By the true time at which a host wrote that the timer fired: the event itself has the time at which it was created. */
function firedEarly({ evidence: { hub, injectedFaults } }: Facts): Violation[] {
  if (injectedFaults.some(({ kind }) => kind === "clock-jump")) return [];
  return hub.instances.flatMap(({ instance: { instanceId }, history }) =>
    (history?.events ?? []).flatMap(({ event }, row) => {
      if (event.EventType !== EventType.TimerFired) return [];
      const written = hub.commits.findLast(
        ({ instanceId: of, firstRow, events }) => of === instanceId && firstRow <= row && row < firstRow + events,
      );
      if (written === undefined || written.requestedMs >= Date.parse(event.FireAt)) return [];
      const what = `a timer of ${instanceId} for ${event.FireAt} fired at ${moment(written.requestedMs)}`;
      return [violation("I24", what, event, written)];
    }),
  );
}
