import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startAzurite } from "./azurite.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** Connection string of this run's Azurite. Take a random table prefix or hub name: all test files share it. */
    storage: string;
  }
}

/** One Azurite for the whole run, on free ports, its data in a temporary folder that goes with it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "secondsite-test-"));
  const azurite = await startAzurite(folder);
  project.provide("storage", azurite.connectionString);
  return async () => {
    await azurite.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
