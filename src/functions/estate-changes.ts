import { ROUTES } from "../api/routes.js";
import { changeLink, changeMachine, changeSite, installMasterTarget } from "../commands/estate-changes.js";
import { estateTimesOf } from "./estate-times.js";
import { itemAnswer, serverIn } from "./item-answer.js";
import { serve } from "./serve.js";

serve(ROUTES.changeSite, async (context, { params, body }) => {
  const { configurationServer, ...site } = await changeSite(context, params.worldId, params.siteId, body);
  if (configurationServer === undefined) return { body: site };
  const times = await estateTimesOf(context, params.worldId);
  return { body: { ...site, configurationServer: serverIn(times, configurationServer) } };
});

serve(ROUTES.changeMachine, async (context, { params, body }) => {
  return itemAnswer(context, await changeMachine(context, params.worldId, params.itemId, body));
});

serve(ROUTES.changeLink, async (context, { params, body }) => {
  return { body: await changeLink(context, params.worldId, params.linkId, body) };
});

serve(ROUTES.installMasterTarget, async (context, { params, body }) => {
  const masterTarget = { id: params.masterTargetId, ...body };
  return { body: await installMasterTarget(context, params.worldId, params.siteId, masterTarget) };
});
