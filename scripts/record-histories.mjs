/** Runs the journeys of test/replay/recordings.ts and records the golden histories that are missing. */
import { startVitest } from "vitest/node";
import { ROOT } from "./program.mjs";

const vitest = await startVitest("test", [], {
  root: ROOT,
  watch: false,
  include: ["test/replay/record.ts"],
  globalSetup: [],
});
await vitest.close();
