/**
 * Cleans up tests that nobody cleaned up in time.
 *
 * - F1 It is cleaned up as a person would do it. Only when that did not succeed is the next one forced, with the reason.
 *   (test/orchestrators/forgotten-tests.test.ts)
 * - F2 Each attempt is one execution, whatever dies in between: its key is derived from the test and the attempt.
 */
import { hasCode, messageOf } from "../../domain/errors.js";
import type { Execution } from "../../domain/execution.js";
import { isEnded } from "../../domain/plans/failure-policy.js";
import { toInstant, toMs } from "../../domain/text.js";
import { refusalOf } from "../../durable/refusal.js";
import type { StandingTest } from "../../store/port.js";
import type { Context } from "../context.js";
import { allPages } from "../pages.js";
import { type StartRequest, startExecution } from "../start-execution.js";

const MINUTE_MS = 60_000;

/** When a clean-up is looked at, and when a test that still runs is. */
const AFTER_CLEAN_UP_MS = 10 * MINUTE_MS;
const WHILE_RUNNING_MS = 60 * MINUTE_MS;
/** A test that was never recorded belongs to a request that died. */
const NEVER_RECORDED_MS = 24 * 60 * MINUTE_MS;

/** Cleans up every test whose time is over. An error of one does not hold the others. */
export async function cleanUpForgottenTests(context: Context): Promise<{ started: string[]; errors: string[] }> {
  const now = toInstant(context.clock.now());
  const { entries, unreadable } = await allPages((page) => context.store.listForgottenTests(now, page));
  const started: string[] = [];
  const errors = [...unreadable];
  for (const test of entries) {
    try {
      started.push(...(await cleanUp(context, test)));
    } catch (thrown) {
      if (hasCode(thrown, "etag-mismatch")) continue; // another process looks after it
      errors.push(`test ${test.executionId}: ${messageOf(thrown)}`);
    }
  }
  return { started, errors };
}

async function cleanUp(context: Context, test: StandingTest): Promise<string[]> {
  const { store, clock } = context;
  const later = (ms: number) => ({ ...test, lookAt: toInstant(clock.now() + ms) });
  const execution = (await store.getExecution(test.executionId))?.value;
  if (execution === undefined) {
    const isOld = clock.now() - toMs(test.since) > NEVER_RECORDED_MS;
    await store.moveTest(test, isOld ? null : later(WHILE_RUNNING_MS));
    return [];
  }
  if (!isEnded(execution.status)) {
    await store.moveTest(test, later(WHILE_RUNNING_MS));
    return [];
  }
  const standing = await standingItems(context, execution);
  if (standing.length === 0) {
    await store.moveTest(test, null);
    return [];
  }
  const started: string[] = [];
  for (const request of await requestsFor(context, test, execution, standing)) {
    const executionId = await startOrNull(context, request);
    if (executionId === null) {
      await store.moveTest(test, later(WHILE_RUNNING_MS));
      return started;
    }
    started.push(executionId);
  }
  await store.moveTest(test, { ...later(AFTER_CLEAN_UP_MS), attempts: test.attempts + 1 });
  return started;
}

/** The items that stand in this test. One that is promoted, cleaned up or given up is none. */
async function standingItems({ store, hypervisor }: Context, execution: Execution): Promise<string[]> {
  const { worldId, itemIds, executionId } = execution;
  const records = await store.findItems(worldId, itemIds);
  const tested = records.filter(({ state }) => state === "test-failed-over").map(({ itemId }) => itemId);
  if (tested.length === 0) return [];
  const { testCopies } = await hypervisor.leftovers(worldId, tested, executionId);
  const left = new Set(testCopies.map(({ itemId }) => itemId));
  return tested.filter((itemId) => left.has(itemId));
}

/** One clean-up of the plan, or one of each item when there is no plan. */
async function requestsFor(
  { store }: Context,
  { executionId, attempts, since }: StandingTest,
  { subject, worldId }: Execution,
  standing: readonly string[],
): Promise<StartRequest[]> {
  const reason = `nobody cleaned the test up that began at ${since}, and an attempt to do so did not succeed`;
  const force = attempts === 0 ? {} : { force: { reason } };
  const base = { verb: "test-clean-up" as const, requestedBy: "clean-up of forgotten tests" };
  // No header has a line break, so no caller has used the keys before.
  const key = `forgotten-test\n${executionId}\n${attempts}`;
  if (subject.kind === "plan" && (await store.getPlan(subject.planId)) !== null) {
    const target = { kind: "plan" as const, planId: subject.planId };
    return [{ ...base, idempotencyKey: key, target, options: { only: [...standing], ...force } }];
  }
  return standing.map((itemId) => {
    return { ...base, idempotencyKey: `${key}\n${itemId}`, target: { kind: "item", worldId, itemId }, options: force };
  });
}

/** The execution; null when it is refused for now, such as while another execution holds an item. */
async function startOrNull(context: Context, request: StartRequest): Promise<string | null> {
  try {
    return (await startExecution(context, request)).executionId;
  } catch (thrown) {
    if (refusalOf(thrown) === undefined) throw thrown;
    return null;
  }
}
