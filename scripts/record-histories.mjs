/** Records a golden history of each orchestrator that has none yet, by telling the verbs on the sample. */
import { startVitest } from "vitest/node";
import { ROOT } from "./program.mjs";

const vitest = await startVitest("test", [], {
  root: ROOT,
  watch: false,
  include: ["test/replay/record.ts"],
  globalSetup: [],
});
await vitest.close();
