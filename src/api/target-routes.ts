import { z } from "zod";
import { TargetChange } from "../domain/items/target-settings.js";
import { Id } from "../domain/text.js";
import { route } from "./route.js";
import { noQuery, nothing, targetView } from "./schemas.js";

const onTarget = {
  path: "api/worlds/{worldId}/protected-items/{itemId}/target",
  params: z.strictObject({ worldId: Id, itemId: Id }),
  query: noQuery,
  status: 200,
  answers: ["etag"],
  response: targetView,
} as const;

/** What an item gets at the other site, to be seen and changed before a failover (P3). */
export const TARGET_ROUTES = {
  getTarget: route({
    ...onTarget,
    id: "get-target-settings",
    method: "GET",
    summary: "Show what an item gets at the other site, and what would keep it from being created there",
    body: nothing,
    headers: {},
    problems: ["world-not-found", "item-not-found"],
  }),
  changeTarget: route({
    ...onTarget,
    id: "change-target-settings",
    method: "PATCH",
    summary: "Change what an item gets at the other site; null goes back to what is chosen by itself",
    body: TargetChange,
    headers: { "if-match": "required" },
    problems: ["world-not-found", "item-not-found", "header-missing", "etag-mismatch", "target-settled"],
  }),
} as const;
