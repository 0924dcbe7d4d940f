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
export function* findLeftovers(execution: ExecutionContext): Durable<z.output<typeof findTestLeftovers.output>> {
  const itemIds = execution.itemsToDo.map(({ id }) => id);
  return yield* callActivity(execution.context, findTestLeftovers, { ...execution.ids, itemIds });
}

/**
 * Removes the networks that tests of the items made, except those that copies of other items are on. The items of a
 * test say which of its networks was not removed.
 */
export function* removeTestNetworks(execution: ExecutionContext): Durable<void> {
  const { networks } = yield* findLeftovers(execution);
  const kept: string[] = [];
  for (const [at, why] of (yield* removeNetworks(execution, networks)).entries()) {
    if (why === null) continue;
    noteOn(execution, networks[at]?.itemIds ?? [], why);
    kept.push(why);
  }
  if (kept.length > 0) throw new RecoveryError("leftovers", kept.join("; "));
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

function noteOn({ reports }: ExecutionContext, itemIds: readonly string[], note: string): void {
  for (const itemId of itemIds) {
    const report = reports.get(itemId);
    if (report !== undefined) reports.set(itemId, { ...report, note });
  }
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
    const which = `the network of test ${testExecutionId} at ${siteId}`;
    return `${which} was not removed: ${failureOf(thrown).message}`;
  }
}
