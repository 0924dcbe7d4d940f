import { ROUTES } from "../api/routes.js";
import { changeTarget, getTarget, type TargetView } from "../commands/target-settings.js";
import { serve } from "./serve.js";

serve(ROUTES.getTarget, async (context, { params }) => {
  return answerOf(await getTarget(context, params.worldId, params.itemId));
});

serve(ROUTES.changeTarget, async (context, { params, body, headers }) => {
  const asked = { change: body, ifMatch: headers["if-match"] ?? "" };
  return answerOf(await changeTarget(context, params.worldId, params.itemId, asked));
});

const answerOf = (view: TargetView) => ({ body: view, headers: { etag: view.etag } });
