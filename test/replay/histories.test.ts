import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { loadFunctionApp } from "../../host/app/load-app.js";
import { silentLogger } from "../../host/logger.js";
import { APP_FOLDER } from "../support/virtual-app.js";
import { fromLines, HISTORIES, presentVersion, replay } from "./golden.js";
import { requiredRecordings } from "./recordings.js";

/**
 * Histories of the present version must replay on changed code, since executions are under way while it is deployed.
 * A change that breaks one gets the next `defaultVersion` in host.json: a host then refuses to start while executions
 * of another version have not ended. `npm run histories` records those of the present version that are not there yet.
 */
describe("golden histories", async () => {
  const version = await presentVersion();
  const files = (await readdir(HISTORIES)).filter((file) => file.endsWith(`-${version}.jsonl`)).sort();

  test("there is one of this version for every verb and every item workflow, in each of its directions", () => {
    const isRecorded = (name: string) =>
      files.some((file) => file.startsWith(`${name}-`) || file.startsWith(`${name}.`));
    expect(requiredRecordings().filter((name) => !isRecorded(name))).toEqual([]);
  });

  test.each([
    "restore-item.primary-to-recovery.rejected",
    "recover-item.primary-to-recovery.retried-faults",
    "recover-item.primary-to-recovery.failed-step",
    "release-source.primary-to-recovery.woken",
    "unplanned-failover.primary-to-recovery.left-out-at-start",
    "planned-failover.primary-to-recovery.left-out-at-first-look",
    "planned-failover.primary-to-recovery.unfit-before-its-group",
    "recover-item.primary-to-recovery.continued-without",
    "clean-up-item.primary-to-recovery.forced",
    "repoint-item.primary-to-recovery.app-consistent",
    "full-run.primary-to-recovery.no-way-home",
  ])("there is one of undo, of retries, and of everything that an execution may meet: %s", (name) => {
    expect(files).toContain(`${name}-${version}.jsonl`);
  });

  test.each(files)("%s replays to the same actions and the same end", async (file) => {
    const golden = fromLines(await readFile(new URL(file, HISTORIES), "utf8"));
    const app = await loadFunctionApp({ directory: APP_FOLDER, logger: silentLogger });
    expect(await replay(app, golden.history)).toEqual(golden.answer);
  });
});
