import { ROUTES } from "../api/routes.js";
import { addFault, clearFaults, listFaults } from "../commands/faults.js";
import { serve } from "./serve.js";

serve(ROUTES.addFault, async (context, { params, body }) => ({ body: await addFault(context, params.worldId, body) }));

serve(ROUTES.listFaults, async (context, { params }) => {
  return { body: { entries: await listFaults(context, params.worldId) } };
});

serve(ROUTES.clearFaults, async (context, { params, query }) => {
  return { body: { cleared: await clearFaults(context, params.worldId, query.faultId) } };
});
