import { ROUTES } from "../api/routes.js";
import { backUpConfigurationServer, restoreConfigurationServer } from "../commands/configuration-servers.js";
import { listItems, listRecoveryPoints, resolveCondition, simulateSourceReturn, viewItem } from "../commands/items.js";
import { deployProcessServer } from "../commands/process-servers.js";
import { estateTimesOf } from "./estate-times.js";
import { itemAnswer, serverIn, viewIn } from "./item-answer.js";
import { pageRequest, serve } from "./serve.js";

serve(ROUTES.listItems, async (context, { params, query }) => {
  const { entries, ...rest } = await listItems(context, params.worldId, pageRequest(query));
  const times = await estateTimesOf(context, params.worldId);
  return { body: { ...rest, entries: entries.map((view) => viewIn(times, view)) } };
});

serve(ROUTES.getItem, async (context, { params }) => {
  return itemAnswer(context, await viewItem(context, params.worldId, params.itemId));
});

serve(ROUTES.listRecoveryPoints, async (context, { params }) => {
  const { points, at: emulatedAt, ...rest } = await listRecoveryPoints(context, params.worldId, params.itemId);
  const times = await estateTimesOf(context, params.worldId);
  const at = times.real(emulatedAt);
  return { body: { ...rest, points: points.map((point) => times.point(point)), at, emulatedAt } };
});

serve(ROUTES.resolveCondition, async (context, { params }) => {
  return itemAnswer(context, await resolveCondition(context, params.worldId, params.itemId, params.type));
});

serve(ROUTES.simulateSourceReturn, async (context, { params }) => {
  return itemAnswer(context, await simulateSourceReturn(context, params.worldId, params.itemId));
});

serve(ROUTES.backUpConfigurationServer, async (context, { params }) => {
  const server = await backUpConfigurationServer(context, params.worldId, params.siteId);
  return { body: serverIn(await estateTimesOf(context, params.worldId), server) };
});

serve(ROUTES.restoreConfigurationServer, async (context, { params, body }) => {
  const server = await restoreConfigurationServer(context, params.worldId, params.siteId, body.ip);
  return { body: serverIn(await estateTimesOf(context, params.worldId), server) };
});

serve(ROUTES.deployProcessServer, async (context, { params, body }) => {
  const { worldId, siteId, processServerId } = params;
  const deployment = await deployProcessServer(context, worldId, siteId, processServerId, body);
  return { body: deployment, status: deployment.state === "deployed" ? 200 : 202 };
});
