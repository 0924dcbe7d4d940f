import { ROUTES } from "../api/routes.js";
import { readAudit } from "../commands/audit.js";
import { evidenceOf } from "../commands/evidence.js";
import { serve } from "./serve.js";

serve(ROUTES.getEvidence, async (context, { params }) => ({ body: await evidenceOf(context, params.executionId) }));

serve(ROUTES.readAudit, async ({ store }, { query }) => ({ body: await readAudit(store, query) }));
