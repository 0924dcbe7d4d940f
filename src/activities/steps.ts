/**
 * The activities that execute the steps of the catalogue.
 *
 * - S1 Each row of the catalogue has its activity: an operation runs at the hypervisor under its own task key, unless
 *   `OWN_ACTIVITIES` has more to do for it. (test/unit/steps/catalogue.test.ts)
 * - S2 A step called twice finds its own task and has one effect. (test/suites/hypervisor-tasks.suite.ts)
 * - S3 In a batch, what goes wrong with one step is its own answer, and each answer names its step and key.
 *   (test/unit/durable/fiber-scheduler.test.ts, test/orchestrators/probes.test.ts)
 */
import { messageOf } from "../domain/errors.js";
import { executeBatch as batchContract, type StepResult } from "../durable/fiber-scheduler.js";
import type { PollRequest, PollResult } from "../durable/poll-until-done.js";
import type { ItemOperations } from "../hypervisor/port.js";
import type { Ports } from "../ports.js";
import { ITEM_OPERATIONS, type ItemOperation, keysOf } from "../steps/catalogue.js";
import { abandonStep as abandonContract, type OnItem, stepContract } from "../steps/contracts.js";
import { type Activity, activity, keyOnItem, pollingActivity, pollResultOf } from "./activity.js";
import { ITEM_CHECK_ACTIVITIES } from "./checks.js";
import { demoteReplica } from "./demote-replica.js";
import { reverseReplication } from "./reverse-replication.js";
import { removeTestCopy, removeTestNetwork } from "./test-copies.js";

/** Begins an operation on an item, or polls it. */
export async function pollOperation<N extends ItemOperation>(
  ports: Ports,
  operation: N,
  input: OnItem & { params: ItemOperations[N]["params"] },
  request: PollRequest,
): Promise<PollResult<ItemOperations[N]["result"]>> {
  const { worldId, executionId, itemId, params } = input;
  const key = keyOnItem(operation, input);
  const reply = await ports.hypervisor.runOnItem({ worldId, executionId, key, itemId, operation, params });
  return pollResultOf(ports, reply, request, (result) => result);
}

/** Operations whose activity does more than run them. */
const OWN_ACTIVITIES: Partial<Record<ItemOperation, Activity>> = {
  "demote-replica": demoteReplica,
  "remove-test-copy": removeTestCopy,
  "reverse-replication": reverseReplication,
};

const operationActivity = (operation: ItemOperation): Activity =>
  pollingActivity(stepContract(operation), ITEM_OPERATIONS[operation].direction, (ports, input, request) =>
    pollOperation(ports, operation, input as Parameters<typeof pollOperation>[2], request),
  );

/** Abandons a step on an item, so that it can't take effect after it was reported as failed. */
const abandonStep = activity(abandonContract, async ({ hypervisor }, input) => {
  await hypervisor.abandonTask(input.worldId, input.itemId, keyOnItem(input.step, input));
  return {};
});

/** Every step that a fiber may request. */
export const STEP_ACTIVITIES: readonly Activity[] = [
  ...keysOf(ITEM_OPERATIONS).map((operation) => OWN_ACTIVITIES[operation] ?? operationActivity(operation)),
  ...ITEM_CHECK_ACTIVITIES,
  removeTestNetwork,
  abandonStep,
];

const byName = new Map(STEP_ACTIVITIES.map((one) => [one.name, one]));

/** Executes one step for each of many fibers, concurrently. */
export const executeBatch = activity(batchContract, async (ports, { steps }) => ({
  answers: await Promise.all(
    steps.map(async ({ step, key, input }) => ({ step, key, result: await resultOf(ports, step, input) })),
  ),
}));

async function resultOf(ports: Ports, step: string, input: unknown): Promise<StepResult> {
  try {
    const found = byName.get(step);
    if (found === undefined) throw new Error(`there is no step ${step}`);
    return (await found.handle(ports, input)) as StepResult;
  } catch (thrown) {
    return { ok: false, fault: messageOf(thrown) };
  }
}
