import { pointsChoiceOf, startOptionsOf } from "../api/preview-routes.js";
import { ROUTES } from "../api/routes.js";
import { previewNetworks, previewPoints, previewPrerequisites, previewReprotects } from "../commands/previews.js";
import { serve } from "./serve.js";

serve(ROUTES.previewPlanPoints, async (context, { params, query }) => ({
  body: await previewPoints(context, params, pointsChoiceOf(query)),
}));

serve(ROUTES.previewItemPoints, async (context, { params, query }) => ({
  body: await previewPoints(context, params, pointsChoiceOf(query)),
}));

serve(ROUTES.planPrerequisites, async (context, { params, query }) => ({
  body: await previewPrerequisites(context, { kind: "plan", ...params }, query.verb, startOptionsOf(query)),
}));

serve(ROUTES.itemPrerequisites, async (context, { params, query }) => ({
  body: await previewPrerequisites(context, { kind: "item", ...params }, query.verb, startOptionsOf(query)),
}));

serve(ROUTES.checkPlanStart, async (context, { params, body }) => ({
  body: await previewPrerequisites(context, { kind: "plan", ...params }, body.verb, body.options),
}));

serve(ROUTES.checkItemStart, async (context, { params, body }) => ({
  body: await previewPrerequisites(context, { kind: "item", ...params }, body.verb, body.options),
}));

serve(ROUTES.planNetworks, async (context, { params, query }) => ({
  body: await previewNetworks(context, params, { isolated: query.isolated ?? false }),
}));

serve(ROUTES.itemNetworks, async (context, { params, query }) => ({
  body: await previewNetworks(context, params, { isolated: query.isolated ?? false }),
}));

serve(ROUTES.planReprotect, async (context, { params, query }) => ({
  body: await previewReprotects(context, params, query),
}));

serve(ROUTES.itemReprotect, async (context, { params, query }) => ({
  body: await previewReprotects(context, params, query),
}));
