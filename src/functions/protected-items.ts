import { ROUTES } from "../api/routes.js";
import { backUpConfigurationServer, restoreConfigurationServer } from "../commands/configuration-servers.js";
import { listItems, listRecoveryPoints, resolveCondition, simulateSourceReturn, viewItem } from "../commands/items.js";
import { deployProcessServer } from "../commands/process-servers.js";
import type { ConfigurationServer } from "../domain/worlds/topology.js";
import { pageRequest, serve } from "./serve.js";

serve(ROUTES.listItems, async (context, { params, query }) => {
  return { body: await listItems(context, params.worldId, pageRequest(query)) };
});

serve(ROUTES.getItem, async (context, { params }) => {
  return { body: await viewItem(context, params.worldId, params.itemId) };
});

serve(ROUTES.listRecoveryPoints, async (context, { params }) => {
  return { body: await listRecoveryPoints(context, params.worldId, params.itemId) };
});

serve(ROUTES.resolveCondition, async (context, { params }) => {
  return { body: await resolveCondition(context, params.worldId, params.itemId, params.type) };
});

serve(ROUTES.simulateSourceReturn, async (context, { params }) => {
  return { body: await simulateSourceReturn(context, params.worldId, params.itemId) };
});

serve(ROUTES.backUpConfigurationServer, async (context, { params }) => {
  return { body: withoutSecret(await backUpConfigurationServer(context, params.worldId, params.siteId)) };
});

serve(ROUTES.restoreConfigurationServer, async (context, { params, body }) => {
  return { body: withoutSecret(await restoreConfigurationServer(context, params.worldId, params.siteId, body.ip)) };
});

const withoutSecret = ({ passphraseHash: _secret, ...server }: ConfigurationServer) => server;

serve(ROUTES.deployProcessServer, async (context, { params, body }) => {
  const { worldId, siteId, processServerId } = params;
  const deployment = await deployProcessServer(context, worldId, siteId, processServerId, body);
  return { body: deployment, status: deployment.state === "deployed" ? 200 : 202 };
});
