/** Runs the journeys of test/replay/recordings.ts and records the golden histories that are missing. */
import { startVitest } from "vitest/node";
import { ROOT } from "./program.mjs";

const vitest = await startVitest("test", [], {
  root: ROOT,
  watch: false,
  config: false,
  testTimeout: 180_000,
  include: ["test/replay/record.ts"],
});
await vitest.close();
