import { ROUTES } from "../api/routes.js";
import { changeLink, changeMachine, changeSite, installMasterTarget } from "../commands/estate-changes.js";
import type { Site } from "../domain/worlds/world.js";
import { serve } from "./serve.js";

serve(ROUTES.changeSite, async (context, { params, body }) => {
  return { body: withoutSecret(await changeSite(context, params.worldId, params.siteId, body)) };
});

/** The hash of a passphrase stays in the estate. */
function withoutSecret(site: Site) {
  if (site.configurationServer === undefined) return site;
  const { passphraseHash: _secret, ...configurationServer } = site.configurationServer;
  return { ...site, configurationServer };
}

serve(ROUTES.changeMachine, async (context, { params, body }) => {
  return { body: await changeMachine(context, params.worldId, params.itemId, body) };
});

serve(ROUTES.changeLink, async (context, { params, body }) => {
  return { body: await changeLink(context, params.worldId, params.linkId, body) };
});

serve(ROUTES.installMasterTarget, async (context, { params, body }) => {
  const masterTarget = { id: params.masterTargetId, ...body };
  return { body: await installMasterTarget(context, params.worldId, params.siteId, masterTarget) };
});
