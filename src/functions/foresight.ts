import { pointsChoiceOf } from "../api/foresight-routes.js";
import { ROUTES } from "../api/routes.js";
import { previewPoints } from "../commands/foresight.js";
import { serve } from "./serve.js";

serve(ROUTES.previewPlanPoints, async (context, { params, query }) => ({
  body: await previewPoints(context, params, pointsChoiceOf(query)),
}));

serve(ROUTES.previewItemPoints, async (context, { params, query }) => ({
  body: await previewPoints(context, params, pointsChoiceOf(query)),
}));
