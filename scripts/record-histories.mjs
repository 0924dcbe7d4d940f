/** Records a golden history of each orchestrator that has none yet, by running the verbs on the sample estates. */
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
