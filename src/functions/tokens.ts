import { app } from "@azure/functions";
import { ROUTES } from "../api/routes.js";
import { createToken, listTokens, revokeToken } from "../commands/tokens.js";
import { identityInForce } from "../composition.js";
import type { AccessToken } from "../domain/access/access-token.js";
import { pageRequest, serve } from "./serve.js";

// The person who starts the app must know who its callers are.
app.hook.appStart(() => console.warn(identityInForce));

serve(ROUTES.createToken, async (context, { body, caller }) => {
  const { text, token } = await createToken(context, body, caller.person);
  return { body: { ...viewOf(token), token: text } };
});

serve(ROUTES.listTokens, async (context, { query }) => {
  const { entries, ...page } = await listTokens(context, pageRequest(query));
  return { body: { ...page, entries: entries.map(viewOf) } };
});

serve(ROUTES.revokeToken, async (context, { params, caller }) => {
  await revokeToken(context, params.tokenId, caller.person);
  return { body: undefined };
});

const viewOf = ({ hash: _hash, ...shown }: AccessToken) => shown;
