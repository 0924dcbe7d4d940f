import { requireSameId } from "../api/parse-request.js";
import { ROUTES } from "../api/routes.js";
import { getWorld, importWorld, listWorlds } from "../commands/worlds.js";
import { pageRequest, serve } from "./serve.js";

serve(ROUTES.importWorld, async (context, { params, body }) => {
  requireSameId(params.worldId, body.id);
  return { body: await importWorld(context, body) };
});

serve(ROUTES.listWorlds, async (context, { query }) => ({ body: await listWorlds(context, pageRequest(query)) }));

serve(ROUTES.getWorld, async (context, { params }) => ({ body: await getWorld(context, params.worldId) }));
