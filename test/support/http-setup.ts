import type { TestProject } from "vitest/node";
import { uniquePrefix } from "./azurite.js";
import setupAzurite from "./azurite-setup.js";
import { type HostProgram, SHARED_HOSTS, startHostProgram } from "./host-program.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** Hosts that all test files use at the same time; see `RunningApp.shared`. */
    hosts: Record<keyof typeof SHARED_HOSTS, Omit<HostProgram, "stop">>;
  }
}

/** One Azurite for the run, and a host of each kind over it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stopAzurite = await setupAzurite(project);
  const storage = project.getProvidedContext().storage;
  const [realistic, quick] = await Promise.all([
    startHostProgram(storage, uniquePrefix(), SHARED_HOSTS.realistic),
    startHostProgram(storage, uniquePrefix(), SHARED_HOSTS.quick),
  ]);
  const shared = ({ url, prefix, logFile }: HostProgram) => ({ url, prefix, logFile });
  project.provide("hosts", { realistic: shared(realistic), quick: shared(quick) });
  return async () => {
    await Promise.all([realistic.stop(), quick.stop()]);
    await stopAzurite();
  };
}
