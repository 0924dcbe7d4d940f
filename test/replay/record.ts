import { mkdir, readdir, writeFile } from "node:fs/promises";
import { test } from "vitest";
import { loadFunctionApp } from "../../host/app/load-app.js";
import { silentLogger } from "../../host/logger.js";
import { APP_FOLDER } from "../support/virtual-app.js";
import { HISTORIES, presentVersion, replay, toLines } from "./golden.js";
import { recordAll } from "./recordings.js";

/** Not one of the tests: `npm run histories` runs it, in vitest because that is what loads TypeScript here. */
test("record the histories that are not there yet", async () => {
  await mkdir(HISTORIES, { recursive: true });
  const have = new Set(await readdir(HISTORIES));
  const app = await loadFunctionApp({ directory: APP_FOLDER, logger: silentLogger });
  for (const { name, history } of await recordAll()) {
    const file = `${name}-${await presentVersion()}.jsonl`;
    if (have.has(file)) continue;
    await writeFile(new URL(file, HISTORIES), toLines({ history, answer: await replay(app, history) }));
  }
});
