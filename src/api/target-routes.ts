import { z } from "zod";
import { TargetChange } from "../domain/items/target-settings.js";
import { Id } from "../domain/text.js";
import { TargetSettings } from "../domain/worlds/world.js";
import { route } from "./route.js";
import { finding, noQuery, nothing } from "./schemas.js";

const targetView = z.object({
  target: TargetSettings,
  effective: TargetSettings.describe("the same with every automatic choice made: name, size and subnet"),
  locked: z.string().nullable().describe("why they cannot be changed now; null when they can"),
  etag: z.string(),
  findings: z.array(finding),
});

const onTarget = {
  path: "api/worlds/{worldId}/protected-items/{itemId}/target",
  params: z.strictObject({ worldId: Id, itemId: Id }),
  query: noQuery,
  status: 200,
  answers: ["etag"],
  response: targetView,
} as const;

/** The target settings of an item, which can be changed before a failover (P3). */
export const TARGET_ROUTES = {
  getTarget: route({
    ...onTarget,
    id: "get-target-settings",
    right: "read",
    method: "GET",
    summary: "Show the target settings of an item, and what would prevent its creation at the other site",
    body: nothing,
    headers: {},
    problems: ["world-not-found", "item-not-found"],
  }),
  changeTarget: route({
    ...onTarget,
    id: "change-target-settings",
    right: "estate",
    method: "PATCH",
    summary: "Change the target settings of an item; null restores the automatic choice",
    body: TargetChange,
    headers: { "if-match": "required" },
    problems: ["world-not-found", "item-not-found", "header-missing", "etag-mismatch", "target-locked"],
  }),
} as const;
