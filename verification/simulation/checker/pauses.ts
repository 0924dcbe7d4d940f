import { planItemIds } from "../../../src/domain/plans/plan-rules.js";
import { verbInForce } from "../../../src/domain/steering/in-force.js";
import { ITEM_OPERATIONS, SITE_OPERATIONS } from "../../../src/steps/catalogue.js";
import { SHUTDOWN_STEP } from "../../../src/steps/plan-steps.js";
import { isSkippable } from "../../../src/steps/skippable.js";
import type { Begin, Facts } from "./facts.js";
import { versionsOf } from "./plans.js";
import { actsIn, executionWritesOf, pausesIn } from "./steering-records.js";
import { moment, type Violation, violation } from "./violation.js";

/** A step that looked at the record just before it was steered may still arrive at its hypervisor. */
const GRACE_MS = 60_000;

const DIRECTIONS = new Map<string, string>(
  Object.entries({ ...ITEM_OPERATIONS, ...SITE_OPERATIONS }).map(([name, { direction }]) => [name, direction]),
);
/** What these do undoes something, and is their work nevertheless. */
const UNDOING_VERBS: ReadonlySet<string> = new Set(["cancel-failover", "test-clean-up"]);

/** Something that a hypervisor, or another system, was asked for. */
interface Asked {
  atMs: number;
  what: string;
  begin: Begin | null;
}

/** I31: nothing begins between a pause in force and its end. What was begun before goes on, and so does an undo. */
export function pausesHold(facts: Facts): Violation[] {
  return [...executionWritesOf(facts)].flatMap(([executionId, writes]) => {
    const pauses = pausesIn(writes);
    const verb = writes[0]?.record.verb ?? "";
    if (pauses.length === 0) return [];
    const asked = askedBy(facts, executionId).filter(({ begin }) => begin === null || isForward(begin, verb));
    return pauses.flatMap(({ fromMs, toMs }) =>
      asked
        .filter(({ atMs }) => atMs > fromMs + GRACE_MS && atMs < toMs)
        .map(({ what, atMs, begin }) => {
          const text = `${what} of ${verb} ${executionId} began at ${moment(atMs)}, paused since ${moment(fromMs)}`;
          return violation("I31", text, begin);
        }),
    );
  });
}

const isForward = ({ operation }: Begin, verb: string): boolean =>
  DIRECTIONS.get(operation) === "forward" || UNDOING_VERBS.has(verb);

/** What an execution asked for, at the time at which it was taken. */
function askedBy({ items, sites, evidence }: Facts, executionId: string): Asked[] {
  const begins = [
    ...items.map(({ item, begins: all }) => ({ id: item.itemId, all })),
    ...sites.map(({ site, begins: all }) => ({ id: site.siteId, all })),
  ];
  const taken = begins.flatMap(({ id, all }) =>
    all.flatMap((begin): Asked[] =>
      begin.key.executionId === executionId
        ? [{ atMs: begin.takenMs, what: `${begin.operation} of ${id}`, begin }]
        : [],
    ),
  );
  const calls = evidence.effects.webhooks.flatMap((call): Asked[] =>
    call.executionId === executionId ? [{ atMs: call.atMs, what: `the call of ${call.actionId}`, begin: null }] : [],
  );
  return [...taken, ...calls];
}

/** I32: a step is not begun once its skip is in force, and nothing of an item that an edit took out before its shutdown. */
export const skippedNeverBegins = (facts: Facts): Violation[] => [...skippedSteps(facts), ...takenOutItems(facts)];

/** Only steps that can be skipped under the rules that hold in the end. */
function skippedSteps(facts: Facts): Violation[] {
  return [...executionWritesOf(facts)].flatMap(([executionId, writes]) => {
    const verb = writes.at(-1) && verbInForce((writes.at(-1) as (typeof writes)[number]).record);
    const skips = actsIn(writes).flatMap(({ atMs, made }) => (made.action === "skip" ? [{ atMs, made }] : []));
    if (verb === undefined) return [];
    return skips.flatMap(({ atMs, made }) =>
      made.stepIds.flatMap((stepId) => {
        const [step = "", itemId = ""] = stepId.split("/").toReversed();
        if (!isSkippable(step, verb)) return [];
        const late = facts.items
          .filter(({ item }) => item.itemId === itemId)
          .flatMap(({ begins }) => begins)
          .filter(
            ({ key, takenMs }) => key.executionId === executionId && key.step === step && takenMs > atMs + GRACE_MS,
          );
        return late.map((begin) =>
          violation(
            "I32",
            `${stepId} of ${executionId} began at ${moment(begin.takenMs)}, skipped by ${made.person} at ${moment(atMs)}`,
            begin,
            made,
          ),
        );
      }),
    );
  });
}

/** Once the shutdown has begun, an item that is taken out goes through it and runs at its source again. */
function takenOutItems(facts: Facts): Violation[] {
  return [...executionWritesOf(facts)].flatMap(([executionId, writes]) => {
    const record = writes.at(-1)?.record;
    const edits = actsIn(writes).filter(({ made }) => made.action === "edit");
    if (record === undefined || edits.length === 0) return [];
    const asked = askedBy(facts, executionId).filter(({ begin }) => begin !== null && isForward(begin, record.verb));
    const [, ...versions] = versionsOf(facts, record);
    return edits.flatMap(({ atMs, made }, at) => {
      const later = versions.slice(at).map(({ plan }) => new Set(planItemIds(plan)));
      const out = record.itemIds.filter((itemId) => !later.some((items) => items.has(itemId)));
      if (asked.some((one) => one.atMs <= atMs + GRACE_MS) || hadShutdown(facts, executionId, atMs)) return [];
      const wrong = asked.filter(({ begin }) => begin !== null && out.includes(begin.key.subject));
      return wrong.map(({ what, begin }) =>
        violation(
          "I32",
          `${what} began, although ${made.person} took it out of ${executionId} at ${moment(atMs)}`,
          begin,
          made,
        ),
      );
    });
  });
}

/** Whether the shutdown had begun, although its steps may have been held by a pause. */
const hadShutdown = ({ evidence }: Facts, executionId: string, atMs: number): boolean =>
  evidence.hub.instances.some(
    ({ instance: { instanceId, createdMs } }) =>
      instanceId.startsWith(`${executionId}:${SHUTDOWN_STEP}`) && createdMs <= atMs + GRACE_MS,
  );
