import { app } from "@azure/functions";
import { anchorLog } from "../activities/anchor-log.js";
import { ROUTES } from "../api/routes.js";
import { readAudit } from "../commands/audit.js";
import { evidenceOf } from "../commands/evidence.js";
import { anchoring, services } from "../composition.js";
import { messageOf } from "../domain/errors.js";
import { reportOf } from "../domain/evidence/report.js";
import { serve } from "./serve.js";

serve(ROUTES.getEvidence, async (context, { params }) => ({ body: await evidenceOf(context, params.executionId) }));

serve(ROUTES.getEvidenceReport, async (context, { params }) => ({
  body: reportOf(await evidenceOf(context, params.executionId)),
}));

serve(ROUTES.readAudit, async ({ store }, { query }) => ({ body: await readAudit(store, query) }));

app.timer("anchor-log", {
  schedule: "30 * * * * *",
  handler: async (_timer, invocation) => {
    await anchorLog(services, anchoring).catch((error: unknown) => {
      const why = messageOf(error);
      invocation.error(`Could not anchor the log: ${why}. It is tried again in a minute.`);
    });
  },
});
