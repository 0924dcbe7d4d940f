import { z } from "zod";
import { Id } from "../domain/text.js";
import { World } from "../domain/worlds/world.js";
import { MAX_WORLD_BYTES } from "./body.js";
import { route } from "./route.js";
import { importedView, noQuery, pageOf, pageQuery, read, remove, worldView } from "./schemas.js";

const inWorld = z.strictObject({ worldId: Id });

/** Worlds: their import, and the removal of a world or of one of its items. */
export const WORLD_ROUTES = {
  importWorld: route({
    id: "import-world",
    right: "estate",
    method: "PUT",
    path: "api/worlds/{worldId}",
    summary: "Import an estate: sites, machines and what is protected",
    params: inWorld,
    query: z.strictObject({
      mode: z
        .enum(["merge", "reset"])
        .optional()
        .describe(
          "over an existing world: merge adds and updates what the file says and keeps every state, reset sets everything back to the file; without it, an import that would change or undo anything is refused",
        ),
    }),
    body: World,
    bodyLimitBytes: MAX_WORLD_BYTES,
    headers: {},
    status: 200,
    answers: [],
    response: importedView,
    problems: ["world-invalid", "world-differs", "merge-refused", "world-in-use", "world-changing", "value-too-large"],
  }),
  removeWorld: route({
    ...remove,
    id: "remove-world",
    right: "estate",
    path: "api/worlds/{worldId}",
    summary: "Remove a world with its items; its executions stay readable, and a world that is gone is no error",
    params: inWorld,
    query: z.strictObject({
      plans: z.enum(["true", "false"]).default("false").describe("true: the plans of the world go too"),
    }),
    problems: ["world-in-use", "world-has-plans", "world-changing"],
  }),
  removeItem: route({
    ...remove,
    id: "remove-item",
    right: "estate",
    path: "api/worlds/{worldId}/protected-items/{itemId}",
    summary: "Remove an item that is no longer protected; an item that is gone is no error",
    params: inWorld.extend({ itemId: Id }),
    query: noQuery,
    problems: ["world-not-found", "item-protected", "item-held", "world-changing"],
  }),
  listWorlds: route({
    ...read,
    id: "list-worlds",
    right: "read",
    answersWhatCallerMayRead: true,
    path: "api/worlds",
    summary: "List worlds",
    params: z.strictObject({}),
    query: pageQuery,
    response: pageOf(worldView),
    problems: [],
  }),
  getWorld: route({
    ...read,
    id: "get-world",
    right: "read",
    answersWhatCallerMayRead: true,
    path: "api/worlds/{worldId}",
    summary: "Show a world",
    params: inWorld,
    response: worldView,
    problems: ["world-not-found"],
  }),
} as const;
