import type { z } from "zod";
import { RecoveryError } from "../../domain/errors.js";
import { callActivity, type Durable } from "../../durable/call.js";
import { type Fiber, fiberRuntime, runFibers } from "../../durable/fiber-scheduler.js";
import { type PollLimits, pollUntilDone } from "../../durable/poll-until-done.js";
import { failureOf } from "../../durable/refusal.js";
import type { SiteOperation } from "../../steps/catalogue.js";
import { findTestLeftovers, siteStepContract } from "../../steps/contracts.js";
import { REMOVE_NETWORKS_STEP, TEST_NETWORK_STEP } from "../../steps/plan-steps.js";
import type { ExecutionContext } from "./execution-workflow.js";

type Leftovers = z.output<typeof findTestLeftovers.output>;

/** A network by its site and the test that made it. */
interface TestNetwork {
  siteId: string;
  testExecutionId: string;
}

/** The isolated network at each target site: the named one, or one that is made for the test and removed by an undo. */
export function* prepareTestNetworks(execution: ExecutionContext): Durable<ReadonlyMap<string, string>> {
  const { testNetworkId, targetSiteIds, executionId } = execution.plan;
  if (testNetworkId !== null) return new Map(targetSiteIds.map((siteId) => [siteId, testNetworkId]));
  const networks = new Map<string, string>();
  const begun: TestNetwork[] = [];
  execution.undo.register(TEST_NETWORK_STEP, function* () {
    const kept = (yield* removeNetworks(execution, begun)).filter((why) => why !== null);
    if (kept.length > 0) throw new RecoveryError("leftovers", kept.join("; "));
  });
  const limits = limitsOf(execution, "create-test-network");
  const create = siteStepContract("create-test-network");
  yield* execution.step(TEST_NETWORK_STEP, function* () {
    for (const siteId of targetSiteIds) {
      begun.push({ siteId, testExecutionId: executionId });
      const input = { ...execution.ids, siteId, params: {} };
      const { networkId } = yield* pollUntilDone(execution.runtime, create, input, limits, (standing) =>
        execution.progress.note(TEST_NETWORK_STEP, standing === "under-way" ? "" : `${siteId}: ${standing}`),
      );
      networks.set(siteId, networkId);
    }
  });
  return networks;
}

function limitsOf({ plan }: ExecutionContext, step: SiteOperation): PollLimits {
  const { queueLimitMs, stepLimitsMs } = plan;
  return { limitMs: stepLimitsMs[step] ?? queueLimitMs, queueLimitMs };
}

/** What tests of the execution's items left behind. */
export function* findLeftovers(execution: ExecutionContext): Durable<Leftovers> {
  const items = execution.itemsToDo.map(({ id: itemId, targetSiteId }) => ({ itemId, targetSiteId }));
  return yield* callActivity(execution.context, findTestLeftovers, { ...execution.ids, items });
}

/**
 * Removes the networks that tests of the items made, except those that copies of other items are on. The items of a
 * test say which of its networks was not removed, or that nobody could look.
 */
export function* removeTestNetworks(execution: ExecutionContext): Durable<void> {
  const { left } = execution;
  left.clear();
  try {
    const { networks, doubtful } = yield* findLeftovers(execution);
    tellDoubtful(execution, doubtful);
    const refused = yield* removeNetworks(execution, networks);
    for (const [at, why] of refused.entries()) tell(left, networks[at]?.itemIds ?? [], why);
  } catch (thrown) {
    const why = `nobody could look for networks of tests: ${failureOf(thrown).message}`;
    for (const { id } of execution.itemsToDo) tell(left, [id], why);
    throw thrown;
  }
  if (left.size > 0) throw new RecoveryError("leftovers", [...new Set([...left.values()].flat())].join("; "));
}

/** Tells the items which networks stay because a machine cannot be read. */
export function tellDoubtful({ left }: ExecutionContext, doubtful: Leftovers["doubtful"]): void {
  left.clear();
  for (const { itemIds, why, ...network } of doubtful) tell(left, itemIds, notRemoved(network, why));
}

/** Tells each of the items what is left of its tests. */
function tell(left: Map<string, string[]>, itemIds: readonly string[], what: string | null): void {
  if (what === null) return;
  for (const itemId of itemIds) left.set(itemId, [...(left.get(itemId) ?? []), what]);
}

/**
 * Removes them where no clean-up follows: a network that stays does not fail the execution. The next verb that continues
 * from here removes it, or the next clean-up of a test of one of the items.
 */
export function* removeNetworksOrNote(execution: ExecutionContext): Durable<void> {
  if (!execution.touched) return;
  try {
    yield* execution.step(REMOVE_NETWORKS_STEP, () => removeTestNetworks(execution));
  } catch {
    execution.failedActions += 1;
  }
}

/**
 * Removes the networks of a test at sites of which an edit took out every item: no clean-up looks there. One that stays
 * is named by those items.
 */
export function* removeUnusedNetworks(execution: ExecutionContext): Durable<void> {
  const { steering, plan, left } = execution;
  const used = new Set(plan.groups.flatMap(({ items }) => items.map(({ targetSiteId }) => targetSiteId)));
  const unused = steering.takenOut.filter(({ targetSiteId }) => !used.has(targetSiteId));
  const siteIds = [...new Set(unused.map(({ targetSiteId }) => targetSiteId))];
  if (plan.testNetworkId !== null || siteIds.length === 0) return;
  const networks = siteIds.map((siteId) => ({ siteId, testExecutionId: plan.executionId }));
  yield* execution.step(REMOVE_NETWORKS_STEP, function* () {
    const refused = yield* removeNetworks(execution, networks);
    for (const [at, why] of refused.entries()) {
      const items = unused.filter(({ targetSiteId }) => targetSiteId === siteIds[at]);
      tell(
        left,
        items.map(({ id }) => id),
        why,
      );
      if (why !== null) execution.failedActions += 1;
    }
  });
}

/** Removes what the promotion of a test left, if there is any. */
export function* removeLeftNetworks(execution: ExecutionContext): Durable<void> {
  if (execution.plan.testNetworksLeft) yield* removeNetworksOrNote(execution);
}

/**
 * A failover over a pending test removes the copies of the test, and so their networks too: when it is undone, and also
 * when it stops and keeps its machines, because nobody cleans up after it.
 */
export function undoLeftNetworks(execution: ExecutionContext): void {
  if (!execution.plan.testNetworksLeft) return;
  const remove = function* (): Durable<void> {
    if (execution.touched) yield* removeTestNetworks(execution);
  };
  execution.undo.register(REMOVE_NETWORKS_STEP, remove, { evenWhenKept: true });
}

/**
 * Removes networks concurrently: sites that hang are polled together, so many networks need no longer history than one.
 * Returns for each why it stays, or null when it is gone.
 */
function* removeNetworks(execution: ExecutionContext, networks: readonly TestNetwork[]): Durable<(string | null)[]> {
  if (networks.length === 0) return [];
  const fibers = networks.map((network) => ({
    key: `${network.siteId}/${network.testExecutionId}`,
    fiber: removal(execution, network),
  }));
  return yield* runFibers(execution.context, fibers, () => undefined);
}

function* removal(execution: ExecutionContext, { siteId, testExecutionId }: TestNetwork): Fiber<string | null> {
  const input = { ...execution.ids, siteId, params: { testExecutionId } };
  const remove = siteStepContract("remove-test-network");
  try {
    const limits = limitsOf(execution, "remove-test-network");
    yield* pollUntilDone(fiberRuntime(execution.context), remove, input, limits);
    return null;
  } catch (thrown) {
    return notRemoved({ siteId, testExecutionId }, failureOf(thrown).message);
  }
}

const notRemoved = ({ siteId, testExecutionId }: TestNetwork, why: string): string =>
  `the network of test ${testExecutionId} at ${siteId} was not removed: ${why}`;
