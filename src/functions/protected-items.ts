import { ROUTES } from "../api/routes.js";
import { getItem, listItems, listRecoveryPoints } from "../commands/items.js";
import { pageRequest } from "./paging.js";
import { serve } from "./serve.js";
import { start } from "./start.js";

serve(ROUTES.listItems, async (context, { params, query }) => {
  return { body: await listItems(context, params.worldId, pageRequest(query)) };
});

serve(ROUTES.getItem, async (context, { params }) => {
  return { body: await getItem(context, params.worldId, params.itemId) };
});

serve(ROUTES.listRecoveryPoints, async (context, { params }) => {
  return { body: await listRecoveryPoints(context, params.worldId, params.itemId) };
});

serve(ROUTES.startOnItem, (context, request) => start(context, { kind: "item", ...request.params }, request));
