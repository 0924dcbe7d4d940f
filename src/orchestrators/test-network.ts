import type { z } from "zod";
import { createTestNetwork, findTestLeftovers, removeTestNetwork } from "../activities/contracts/machines.js";
import { RecoveryError } from "../domain/errors.js";
import { callActivity, type Durable } from "../durable/call.js";
import { type Fiber, fiberRuntime, runFibers } from "../durable/fiber-scheduler.js";
import { pollUntilDone } from "../durable/poll-until-done.js";
import { failureOf } from "../durable/refusal.js";
import { orchestrationRuntime } from "../durable/wait.js";
import type { Run } from "./run.js";
import { itemsToDo } from "./stages.js";
import { NETWORKS_STEP } from "./step-ids.js";

const STEP = "test-network";

/** A network by where it is and the test that made it. */
interface TestNetwork {
  siteId: string;
  testExecutionId: string;
}

/** The isolated network at each target site: the one that was named, or one made for the test and removed by an undo. */
export function* prepareTestNetworks(run: Run): Durable<ReadonlyMap<string, string>> {
  const { testNetworkId, targetSiteIds, executionId, stepLimitMs } = run.plan;
  if (testNetworkId !== null) return new Map(targetSiteIds.map((siteId) => [siteId, testNetworkId]));
  const networks = new Map<string, string>();
  const begun: TestNetwork[] = [];
  run.undo.register(STEP, function* () {
    const kept = (yield* removeNetworks(run, begun)).filter((why) => why !== null);
    if (kept.length > 0) throw new RecoveryError("leftovers", kept.join("; "));
  });
  yield* run.step(STEP, function* () {
    for (const siteId of targetSiteIds) {
      begun.push({ siteId, testExecutionId: executionId });
      const { networkId } = yield* pollUntilDone(
        orchestrationRuntime(run.context),
        createTestNetwork,
        { ...run.on, siteId },
        stepLimitMs,
      );
      networks.set(siteId, networkId);
    }
  });
  return networks;
}

/** What tests of the run's items left behind. */
export function* findLeftovers(run: Run): Durable<z.output<typeof findTestLeftovers.output>> {
  const itemIds = itemsToDo(run).map(({ id }) => id);
  return yield* callActivity(run.context, findTestLeftovers, { ...run.on, itemIds });
}

/**
 * Removes the networks that tests of the run's items made, but for those that copies of other items are on. The items
 * whose test it was say which of them was not removed.
 */
export function* removeTestNetworks(run: Run): Durable<void> {
  const { networks } = yield* findLeftovers(run);
  const kept: string[] = [];
  for (const [at, why] of (yield* removeNetworks(run, networks)).entries()) {
    if (why === null) continue;
    noteOn(run, networks[at]?.itemIds ?? [], why);
    kept.push(why);
  }
  if (kept.length > 0) throw new RecoveryError("leftovers", kept.join("; "));
}

/**
 * The same where nobody cleans up afterwards: a network that stays keeps the story from nothing. The next verb that
 * goes on from where this one ends removes it, or the next clean-up of a test of one of the items.
 */
export function* leaveNoNetworks(run: Run): Durable<void> {
  if (!run.touched) return;
  try {
    yield* run.step(NETWORKS_STEP, () => removeTestNetworks(run));
  } catch {
    run.failedActions += 1;
  }
}

/** Removes what the promotion of a test left, when there is some of it. */
export function* removeLeftNetworks(run: Run): Durable<void> {
  if (run.plan.testNetworksLeft) yield* leaveNoNetworks(run);
}

function noteOn(run: Run, itemIds: readonly string[], note: string): void {
  for (const itemId of itemIds) {
    const report = run.reports.get(itemId);
    if (report !== undefined) run.reports.set(itemId, { ...report, note });
  }
}

/**
 * Removes networks side by side: hypervisors that hang are looked at together, so that many cost no longer history than
 * one. Says of each why it stays, null of one that is gone.
 */
function* removeNetworks(run: Run, networks: readonly TestNetwork[]): Durable<(string | null)[]> {
  if (networks.length === 0) return [];
  const nothingToShow = (): void => undefined;
  return yield* runFibers(
    run.context,
    networks.map((network) => ({ key: `${network.siteId}/${network.testExecutionId}`, fiber: removal(run, network) })),
    nothingToShow,
  );
}

function* removal(run: Run, { siteId, testExecutionId }: TestNetwork): Fiber<string | null> {
  const input = { ...run.on, siteId, testExecutionId };
  try {
    yield* pollUntilDone(fiberRuntime(run.context), removeTestNetwork, input, run.plan.stepLimitMs);
    return null;
  } catch (thrown) {
    const which = `the network of test ${testExecutionId} at ${siteId}`;
    return `${which} was not removed: ${failureOf(thrown).message}`;
  }
}
