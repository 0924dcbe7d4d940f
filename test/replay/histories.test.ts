import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { loadFunctionApp } from "../../host/app/load-app.js";
import { silentLogger } from "../../host/logger.js";
import { ORCHESTRATORS } from "../../src/orchestrators/index.js";
import { APP_FOLDER } from "../orchestrators/support/stage.js";
import { fromLines, HISTORIES, replay } from "./golden.js";

/**
 * Histories of an earlier version must replay on changed code, since executions are under way while it is deployed.
 * A change that breaks one needs a new orchestrator beside the old, not a new recording. For a new orchestrator:
 * `npm run histories` records those that have no file yet.
 */
describe("golden histories", async () => {
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
