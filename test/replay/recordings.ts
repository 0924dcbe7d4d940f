import type { HistoryEvent } from "../../host/durable/history.js";
import { cancelExecution } from "../../src/commands/decisions.js";
import { itemInstanceId, stageInstanceId } from "../../src/orchestrators/instance-ids.js";
import { Stage } from "../orchestrators/support/stage.js";

/** What one orchestrator lived through on the stage. */
export interface Recording {
  name: string;
  history: HistoryEvent[];
}

/** Tells the verbs on the sample, and gives back one history of every orchestrator. */
export async function recordAll(): Promise<Recording[]> {
  return [...(await recordFailover()), ...(await recordWayBack()), ...(await recordTests())];
}

type Keep = (name: string, instanceId: string) => Promise<void>;

async function onStage(tell: (stage: Stage, keep: Keep) => Promise<void>): Promise<Recording[]> {
  const recordings: Recording[] = [];
  const stage = await Stage.open();
  await stage.loadShop();
  await tell(stage, async (name, id) => {
    recordings.push({ name, history: (await stage.hub.history(id)) ?? [] });
  });
  await stage.close();
  return recordings;
}

const recordFailover = (): Promise<Recording[]> =>
  onStage(async (stage, keep) => {
    const { execution } = await stage.failOver("planned-failover");
    const id = execution.executionId;
    await keep("planned-failover", id);
    await keep("run-items", stageInstanceId(id, "group-web"));
    await keep("recover-item", itemInstanceId(id, "group-databases", "orders-db-1"));
    await keep("release-source", itemInstanceId(id, "shutdown-databases", "orders-db-1"));
    const change = await stage.start("change-recovery-point");
    await stage.ended(change);
    await keep("change-recovery-point", change);
    await keep("repoint-item", itemInstanceId(change, "items", "web-1"));
    const commit = await stage.start("commit");
    await stage.ended(commit);
    await keep("commit", commit);
    await keep("commit-item", itemInstanceId(commit, "items", "web-1"));
  });

const recordWayBack = (): Promise<Recording[]> =>
  onStage(async (stage, keep) => {
    const { execution } = await stage.failOver("unplanned-failover");
    await keep("unplanned-failover", execution.executionId);
    const cancel = await stage.start("cancel");
    await stage.ended(cancel);
    await keep("cancel", cancel);
    await keep("restore-item", itemInstanceId(cancel, "items", "web-1"));
  });

const recordTests = (): Promise<Recording[]> =>
  onStage(async (stage, keep) => {
    const first = await stage.start("test-failover");
    await stage.ended(first);
    await keep("test-failover", first);
    await keep("test-item", itemInstanceId(first, "group-web", "web-1"));
    const cleanUp = await stage.start("test-clean-up");
    await stage.ended(cleanUp);
    await keep("test-clean-up", cleanUp);
    await keep("clean-up-item", itemInstanceId(cleanUp, "items", "web-1"));
    const second = await stage.start("test-failover");
    await stage.until(second, ({ steps }) => steps.some(({ id }) => id === "groups/web"));
    const asked = { behaviour: "restore-protection", by: "owner", reason: undefined } as const;
    await cancelExecution(stage.context, second, asked);
    await stage.ended(second);
    await keep("revert-test-item", itemInstanceId(second, "undo", "web-1"));
  });
