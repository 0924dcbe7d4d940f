import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { loadFunctionApp } from "../../host/app/load-app.js";
import type { HistoryEvent } from "../../host/durable/history.js";
import { silentLogger } from "../../host/logger.js";
import { cancelExecution } from "../../src/commands/decisions.js";
import { ORCHESTRATORS } from "../../src/orchestrators/index.js";
import { itemInstanceId, stageInstanceId } from "../../src/orchestrators/instance-ids.js";
import { APP_FOLDER, Stage } from "../orchestrators/support/stage.js";
import { fromLines, HISTORIES, replay, toLines } from "./golden.js";

/**
 * Histories of an earlier version must replay on changed code, since executions are under way while it is deployed.
 * A change that breaks one needs a new orchestrator beside the old, not a new recording. For a new orchestrator:
 * `RECORD_HISTORIES=1 npx vitest run test/replay` records those that have no file yet.
 */
const VERSION = 1;

describe.runIf(process.env["RECORD_HISTORIES"] === "1")("record", () => {
  test("histories that are not there yet", async () => {
    await mkdir(HISTORIES, { recursive: true });
    const have = new Set(await readdir(HISTORIES));
    const app = await loadFunctionApp({ directory: APP_FOLDER, logger: silentLogger });
    for (const { name, history } of await recordAll()) {
      const file = `${name}-${VERSION}.jsonl`;
      if (have.has(file)) continue;
      await writeFile(new URL(file, HISTORIES), toLines({ history, answer: await replay(app, history) }));
    }
  });
});

describe.skipIf(process.env["RECORD_HISTORIES"] === "1")("golden histories", async () => {
  const files = (await readdir(HISTORIES)).sort();

  test("there is one for every orchestrator", () => {
    const recorded = new Set(files.map((file) => file.replace(/-\d+\.jsonl$/, "")));
    expect([...ORCHESTRATORS.keys()].filter((name) => !recorded.has(name))).toEqual([]);
  });

  test.each(files)("%s replays to the same actions and the same end", async (file) => {
    const golden = fromLines(await readFile(new URL(file, HISTORIES), "utf8"));
    const app = await loadFunctionApp({ directory: APP_FOLDER, logger: silentLogger });
    expect(await replay(app, golden.history)).toEqual(golden.answer);
  });
});

interface Recording {
  name: string;
  history: HistoryEvent[];
}

async function recordAll(): Promise<Recording[]> {
  return [...(await recordFailover()), ...(await recordWayBack()), ...(await recordTests())];
}

async function onStage(tell: (stage: Stage, keep: (name: string, id: string) => Promise<void>) => Promise<void>) {
  const recordings: Recording[] = [];
  const stage = await Stage.open();
  await stage.loadShop();
  await tell(stage, async (name, id) => {
    recordings.push({ name, history: (await stage.hub.history(id)) ?? [] });
  });
  await stage.close();
  return recordings;
}

const recordFailover = () =>
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

const recordWayBack = () =>
  onStage(async (stage, keep) => {
    const { execution } = await stage.failOver("unplanned-failover");
    await keep("unplanned-failover", execution.executionId);
    const cancel = await stage.start("cancel");
    await stage.ended(cancel);
    await keep("cancel", cancel);
    await keep("restore-item", itemInstanceId(cancel, "items", "web-1"));
  });

const recordTests = () =>
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
