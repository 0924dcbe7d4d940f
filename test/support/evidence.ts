import { anchorLog } from "../../src/activities/anchor-log.js";
import { evidenceOf } from "../../src/commands/evidence.js";
import { VirtualApp } from "./virtual-app.js";

/** The evidence of a test failover of the shop with its anchor, as it crosses HTTP. */
export async function shopEvidence() {
  const app = await VirtualApp.open();
  try {
    await app.loadShop();
    const { execution } = await app.run("test-failover");
    await anchorLog(app.context, { keep: async ({ seq }) => `memory/${seq}`, sendTo: null });
    const file = await evidenceOf(app.context, execution.executionId);
    return JSON.parse(JSON.stringify(file)) as typeof file;
  } finally {
    await app.close();
  }
}
