import { pointsChoiceOf, startOptionsOf } from "../api/preview-routes.js";
import { ROUTES } from "../api/routes.js";
import type { Context } from "../commands/context.js";
import {
  type PreviewTarget,
  previewNetworks,
  previewPoints,
  previewPrerequisites,
  previewReprotects,
} from "../commands/previews.js";
import type { RecoveryPointChoice } from "../domain/recovery-points/recovery-point-choice.js";
import { estateTimesOf } from "./estate-times.js";
import { serve } from "./serve.js";

serve(ROUTES.previewPlanPoints, async (context, { params, query }) => ({
  body: await pointsIn(context, params, pointsChoiceOf(query)),
}));

serve(ROUTES.previewItemPoints, async (context, { params, query }) => ({
  body: await pointsIn(context, params, pointsChoiceOf(query)),
}));

async function pointsIn(context: Context, target: PreviewTarget, choice: RecoveryPointChoice | null) {
  const { worldId, items, ...rest } = await previewPoints(context, target, choice);
  const times = await estateTimesOf(context, worldId);
  return { ...rest, items: items.map((item) => ({ ...item, point: times.pointOrNone(item.point) })) };
}

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
