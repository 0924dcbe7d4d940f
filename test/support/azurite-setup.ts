import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startAzurite } from "./azurite.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** Connection string of the project's Azurite. All test files share it, so use a table prefix or hub name of your own. */
    storage: string;
  }
}

/** One Azurite for all files of a project, with its data in a temporary folder. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "secondsite-test-"));
  const azurite = await startAzurite(folder);
  project.provide("storage", azurite.connectionString);
  return async () => {
    await azurite.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
