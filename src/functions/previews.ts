import { pointsChoiceOf } from "../api/preview-routes.js";
import { ROUTES } from "../api/routes.js";
import { previewNetworks, previewPoints, previewPrerequisites, previewReprotects } from "../commands/previews.js";
import { serve } from "./serve.js";

serve(ROUTES.previewPlanPoints, async (context, { params, query }) => ({
  body: await previewPoints(context, params, pointsChoiceOf(query)),
}));

serve(ROUTES.previewItemPoints, async (context, { params, query }) => ({
  body: await previewPoints(context, params, pointsChoiceOf(query)),
}));

serve(ROUTES.planPrerequisites, async (context, { params, query: { verb, ...options } }) => ({
  body: await previewPrerequisites(context, params, verb, options),
}));

serve(ROUTES.itemPrerequisites, async (context, { params, query: { verb, ...options } }) => ({
  body: await previewPrerequisites(context, params, verb, options),
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
