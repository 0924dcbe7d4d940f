import { requireSameId } from "../api/parse-request.js";
import { ROUTES } from "../api/routes.js";
import { asReadBy } from "../commands/as-read-by.js";
import { importWorld } from "../commands/import-world.js";
import { getWorld, listWorlds, removeItem, removeWorld } from "../commands/worlds.js";
import type { WorldRecord } from "../store/port.js";
import { pageRequest, serve } from "./serve.js";

serve(ROUTES.importWorld, async (context, { params, query, body }) => {
  requireSameId(params.worldId, body.id);
  const { import: report, ...record } = await importWorld(context, body, query.mode);
  return { body: { ...viewOf(record), import: report } };
});

serve(ROUTES.listWorlds, async (context, { query, caller }) => {
  const { entries, ...page } = await listWorlds(asReadBy(context, caller), pageRequest(query));
  return { body: { ...page, entries: entries.map(viewOf) } };
});

serve(ROUTES.getWorld, async (context, { params, caller }) => ({
  body: viewOf(await getWorld(asReadBy(context, caller), params.worldId)),
}));

serve(ROUTES.removeWorld, async (context, { params, query }) => {
  await removeWorld(context, params.worldId, { plans: query.plans === "true" });
  return { body: undefined };
});

serve(ROUTES.removeItem, async (context, { params }) => {
  await removeItem(context, params.worldId, params.itemId);
  return { body: undefined };
});

const viewOf = ({ change, ...record }: WorldRecord) => ({
  ...record,
  ...(change && { change: { kind: change.kind, since: change.since } }),
});
