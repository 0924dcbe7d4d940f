import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { loadFunctionApp } from "../../host/app/load-app.js";
import { silentLogger } from "../../host/logger.js";
import { ORCHESTRATORS } from "../../src/orchestrators/index.js";
import { APP_FOLDER } from "../orchestrators/support/stage.js";
import { fromLines, HISTORIES, presentVersion, replay } from "./golden.js";

/**
 * Histories of the present version must replay on changed code, since executions are under way while it is deployed.
 * A change that breaks one gets the next `defaultVersion` in host.json: a host then refuses to start while executions
 * of another version have not ended. `npm run histories` records those of the present version that are not there yet.
 */
describe("golden histories", async () => {
  const version = await presentVersion();
  const files = (await readdir(HISTORIES)).filter((file) => file.endsWith(`-${version}.jsonl`)).sort();

  test("there is one of this version for every orchestrator", () => {
    const recorded = new Set(files.map((file) => file.replace(`-${version}.jsonl`, "")));
    expect([...ORCHESTRATORS.keys()].filter((name) => !recorded.has(name))).toEqual([]);
  });

  test.each(files)("%s replays to the same actions and the same end", async (file) => {
    const golden = fromLines(await readFile(new URL(file, HISTORIES), "utf8"));
    const app = await loadFunctionApp({ directory: APP_FOLDER, logger: silentLogger });
    expect(await replay(app, golden.history)).toEqual(golden.answer);
  });
});
