import type { HistoryEvent } from "../../host/durable/history.js";
import type { ExecutionOptions } from "../../src/domain/execution.js";
import { isEnded } from "../../src/domain/failure-policy.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import { stageInstanceId } from "../../src/orchestrators/instance-ids.js";
import { Stage } from "../orchestrators/support/stage.js";
import { estateOf } from "../worlds/there-and-back.js";

/** What one orchestrator lived through on the stage. */
export interface Recording {
  name: string;
  history: HistoryEvent[];
}

const HOME: Partial<ExecutionOptions> = {
  reprotect: { location: "original", waitForAgent: true, datastoreId: "ssd" },
};

/** Journeys that together run every orchestrator once; the last of each name is kept. */
const JOURNEYS: readonly (readonly [Verb, Partial<ExecutionOptions>?][])[] = [
  [
    ["test-failover"],
    ["test-clean-up"],
    ["planned-failover"],
    ["change-recovery-point"],
    ["commit"],
    ["reprotect", HOME],
    ["failback"],
  ],
  [["unplanned-failover"], ["cancel"], ["resynchronise"], ["disable-replication"], ["enable-replication"]],
  [["test-failover"], ["promote-test"]],
  [["full-run", { ...HOME, acknowledgeNoTest: true }], ["planned-failback"]],
];

/** Tells the verbs on small estates, and gives back one history of every orchestrator. */
export async function recordAll(): Promise<Recording[]> {
  const byName = new Map<string, Recording>();
  for (const journey of JOURNEYS) {
    for (const recording of await recordJourney(journey)) byName.set(recording.name, recording);
  }
  return [...byName.values()];
}

async function recordJourney(journey: readonly (readonly [Verb, Partial<ExecutionOptions>?])[]): Promise<Recording[]> {
  const stage = await Stage.open();
  await stage.load(estateOf("vmware-to-azure"));
  const recordings: Recording[] = [];
  const keep = async (name: string, id: string): Promise<void> => {
    const history = await stage.hub.history(id);
    if (history) recordings.push({ name, history });
  };
  for (const [verb, options = {}] of journey) {
    const executionId = await tell(stage, verb, options);
    await keep(verb, executionId);
    await keep("run-items", stageInstanceId(executionId, "group-data"));
  }
  await stage.close();
  return recordings;
}

/** Runs a verb to its end, accepting what it brings up. */
async function tell(stage: Stage, verb: Verb, options: Partial<ExecutionOptions>): Promise<string> {
  const executionId = await stage.start(verb, options);
  const view = await stage.until(
    executionId,
    ({ awaits, execution }) => isEnded(execution.status) || awaits.length > 0,
  );
  if (!isEnded(view.execution.status)) await stage.validate(executionId);
  const { execution } = await stage.ended(executionId);
  if (execution.status !== "succeeded")
    throw new Error(`${verb} ended ${execution.status}: ${JSON.stringify(execution)}`);
  return executionId;
}
