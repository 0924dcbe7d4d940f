/**
 * Takes a drill from where its record stands as far as it can go now. It may be called at any time and by several at once.
 *
 * - D1 Each part is started under a key that is derived from the drill, with options that were written down before, so it is
 *   one execution whatever dies in between. (test/orchestrators/drill-crashes.test.ts)
 * - D2 Nothing is started while something is left of an earlier test, unless somebody accepted that.
 *   (test/orchestrators/drills.test.ts)
 * - D3 A verdict is given only after the estate was looked at, and it stands. (same file)
 */
import type { z } from "zod";
import { type Drill, notRun } from "../../domain/drills/drill.js";
import { blackoutAt, DrillPolicy } from "../../domain/drills/policy.js";
import { RecoveryError } from "../../domain/errors.js";
import type { Execution } from "../../domain/execution.js";
import { isEnded } from "../../domain/plans/failure-policy.js";
import type { Plan } from "../../domain/plans/plan.js";
import { planItemIds } from "../../domain/plans/plan-rules.js";
import { toInstant, toMs } from "../../domain/text.js";
import { counted, listed } from "../../domain/wording.js";
import { answered, refusalOf } from "../../durable/refusal.js";
import { advanceDrill, type DrillProgress } from "../../executions/drill-contracts.js";
import { updateWithRetry } from "../../store/port.js";
import type { Context } from "../context.js";
import { startExecution } from "../start-execution.js";
import { checkCopies, MAX_LOOKS } from "./checks.js";
import { concludeDrill } from "./conclude.js";
import { clearFaults, injectFaults } from "./injections.js";
import { blockingLeftovers } from "./leftovers.js";
import { productionOf } from "./production.js";

/** It is an activity by its contract and a command by what it does: only commands start executions. */
export const ADVANCE_DRILL = {
  name: advanceDrill.name,
  handle: (context: Context, raw: unknown): Promise<object> =>
    answered(() => advance(context, advanceDrill.input.parse(raw))),
};

/** What a drill works with: its record, and the plan as it was when the drill began. */
interface Known {
  drill: Drill;
  plan: Plan;
  policy: DrillPolicy;
}

/** What to do now: a change of the record, after which it goes on, or a wait. */
type Next = { change: Partial<Drill> } | { waitMs: number };

export async function advance(
  context: Context,
  { drillId }: z.output<typeof advanceDrill.input>,
): Promise<DrillProgress> {
  for (;;) {
    const drill = (await context.store.getDrill(drillId))?.value;
    if (drill === undefined) throw new RecoveryError("drill-not-found", `there is no drill ${drillId}`);
    if (drill.verdict) return { state: "ended", result: drill.verdict.result };
    const next = await nextOf(context, drill);
    if ("waitMs" in next) return { state: "waiting", waitMs: next.waitMs };
    await write(context, drill, next.change);
  }
}

/** Writes what was found, unless another call has taken the drill on meanwhile: then its record says what is next. */
function write({ store }: Context, seen: Drill, change: Partial<Drill>): Promise<void> {
  const phase = (drill: Drill) =>
    JSON.stringify([drill.verdict, drill.cleanUp, drill.checks, drill.test, drill.before]);
  return updateWithRetry(
    () => store.getDrill(seen.drillId),
    (now) => {
      if (now === null || phase(now.value) !== phase(seen)) return { answer: undefined };
      return { answer: undefined, write: () => store.updateDrill(now, { ...now.value, ...change }) };
    },
  );
}

async function nextOf(context: Context, drill: Drill): Promise<Next> {
  const version = await context.store.getPlanVersion(drill.planId, drill.planVersion);
  const at = toInstant(context.clock.now());
  if (version === null) return { change: { verdict: notRun(at, "refused", `plan ${drill.planId} is gone`) } };
  const known: Known = { drill, plan: version.plan, policy: version.plan.drill ?? DrillPolicy.parse({}) };
  if (drill.before === undefined) return begin(context, known);
  if (drill.test === undefined) return startTest(context, known);
  if (drill.test.kind !== "started") {
    await clearFaults(context, drill, known.plan);
    return { change: { verdict: notRun(at, "refused", refusalText(drill.test)) } };
  }
  const test = await executionOf(context, drill.test.executionId);
  if (!("outcomes" in test)) return waitSince(context, drill.test.at);
  await clearFaults(context, drill, known.plan);
  if (drill.cleanUp === undefined) return afterTest(context, known, test);
  if (drill.cleanUp.kind === "planned") return startCleanUp(context, drill, drill.cleanUp.itemIds);
  const cleanUp = drill.cleanUp.kind === "started" ? await executionOf(context, drill.cleanUp.executionId) : null;
  if (cleanUp !== null && !isEnded(cleanUp.status)) return waitSince(context, drill.cleanUp.at);
  return { change: { verdict: await concludeDrill(context, known, test, cleanUp) } };
}

const refusalText = (part: NonNullable<Drill["test"]>): string =>
  part.kind === "refused" ? `the test was refused: ${part.failure.message}` : "there was no test";

async function executionOf({ store }: Context, executionId: string): Promise<Execution> {
  const found = await store.getExecution(executionId);
  if (!found) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
  return found.value;
}

const MIN_WAIT_MS = 1_000;
const MAX_WAIT_MS = 6 * 3_600_000;

/** The longer something takes, the later it is looked at again. The sweep of drills wakes a drill within a minute. */
function waitSince({ clock }: Context, at: string): Next {
  return { waitMs: Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, (clock.now() - toMs(at)) / 10)) };
}

/** Looks at what the drill must not touch. A blackout, or something that is left, ends it before it begins. */
async function begin(context: Context, { drill, plan, policy }: Known): Promise<Next> {
  const nowMs = context.clock.now();
  const at = toInstant(nowMs);
  const ids = planItemIds(plan);
  const isForced = drill.force !== undefined;
  const blackout = isForced ? null : blackoutAt(policy, momentOf(drill, nowMs));
  if (blackout !== null) return { change: { verdict: notRun(at, "blackout", `there is a blackout: ${blackout}`) } };
  try {
    const { blocking, accepted } = await blockingLeftovers(context, plan.worldId, ids);
    if (blocking.length > 0 && !isForced) {
      const what = `something is left of an earlier test: ${listed(blocking, 20)}; ${WAYS_ON}`;
      return { change: { verdict: notRun(at, "leftovers", what) } };
    }
    const items = await productionOf(context, plan.worldId, ids);
    await injectFaults(context, drill, plan);
    return { change: { before: { at, items, leftovers: [...accepted, ...blocking] } } };
  } catch (thrown) {
    return { change: { verdict: notRun(at, "refused", refusedOr(thrown).message) } };
  }
}

const WAYS_ON =
  "clean it up with test-clean-up, also with the option force and a reason, or start a drill with force and a reason";

/** A drill that is late is still subject to the blackout of now, and one that is on time to that of its due moment. */
const momentOf = ({ trigger }: Drill, nowMs: number): number =>
  trigger.kind === "schedule" && !trigger.late ? toMs(trigger.dueAt) : nowMs;

/** A refusal; a fault is thrown again. */
function refusedOr(thrown: unknown): { code: string; message: string } {
  const refusal = refusalOf(thrown);
  if (refusal === undefined) throw thrown;
  return { code: refusal.code, message: [refusal.message, ...refusal.details].join("; ").slice(0, 2_000) };
}

/** In whose name a drill starts its parts. No header has a line break, so no caller has used its keys before. */
function asDrill({ drillId, planId, trigger }: Drill, part: "test" | "clean-up") {
  return {
    idempotencyKey: `drill-${part}\n${drillId}`,
    target: { kind: "plan" as const, planId },
    requestedBy: `drill ${drillId}`,
    ...(trigger.kind === "request" && { onBehalfOf: trigger.by }),
  };
}

async function startTest(context: Context, { drill, policy }: Known): Promise<Next> {
  const at = toInstant(context.clock.now());
  const options = policy.testNetworkId === undefined ? {} : { testNetworkId: policy.testNetworkId };
  try {
    const started = await startExecution(context, { ...asDrill(drill, "test"), verb: "test-failover", options });
    const { executionId, subject, planHash } = started;
    const version = subject.kind === "plan" ? subject.planVersion : drill.planVersion;
    const test = { kind: "started" as const, executionId, at };
    return { change: { test, planVersion: version, planHash: planHash ?? drill.planHash } };
  } catch (thrown) {
    return { change: { test: { kind: "refused", at, failure: refusedOr(thrown) } } };
  }
}

type Ended = Extract<Execution, { outcomes: unknown }>;

/** Lets the copies run, checks them, and starts the clean-up. */
async function afterTest(context: Context, known: Known, test: Ended): Promise<Next> {
  const { drill, policy, plan } = known;
  const holdUntilMs = toMs(test.endedAt) + policy.holdMinutes * 60_000;
  const nowMs = context.clock.now();
  const running = test.outcomes.filter(({ outcome }) => outcome === "succeeded").map(({ itemId }) => itemId);
  if (running.length > 0 && nowMs < holdUntilMs) return { waitMs: holdUntilMs - nowMs };
  const { checks } = drill;
  if (checks?.done !== true) {
    const looks = (checks?.looks ?? 0) + 1;
    const { items, exposed, againMs } = await checkCopies(context, plan, test.executionId, running);
    const done = items.every(({ passed }) => passed) || looks >= MAX_LOOKS;
    const change = { checks: { looks, items, done }, ...(exposed.length > 0 && { exposed }) };
    if (done) return { change };
    await write(context, drill, change);
    return { waitMs: againMs };
  }
  return planCleanUp(context, plan, test);
}

/** Writes down what is to be cleaned up before it starts that: afterwards the items do not stand in the test any more. */
async function planCleanUp(context: Context, plan: Plan, test: Ended): Promise<Next> {
  const at = toInstant(context.clock.now());
  const records = await context.store.findItems(plan.worldId, test.itemIds);
  const itemIds = records.filter(({ state }) => state === "test-failed-over").map(({ itemId }) => itemId);
  if (itemIds.length > 0) return { change: { cleanUp: { kind: "planned", at, itemIds } } };
  const because = `none of ${counted(records.length, "machine")} has a test that stands`;
  return { change: { cleanUp: { kind: "not-needed", at, because } } };
}

async function startCleanUp(context: Context, drill: Drill, itemIds: readonly string[]): Promise<Next> {
  const at = toInstant(context.clock.now());
  try {
    const asked = { ...asDrill(drill, "clean-up"), verb: "test-clean-up" as const, options: { only: [...itemIds] } };
    const { executionId } = await startExecution(context, asked);
    return { change: { cleanUp: { kind: "started", executionId, at } } };
  } catch (thrown) {
    return { change: { cleanUp: { kind: "refused", at, failure: refusedOr(thrown) } } };
  }
}
