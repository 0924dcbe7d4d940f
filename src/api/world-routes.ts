import { z } from "zod";
import { Id } from "../domain/text.js";
import { World } from "../domain/worlds/world.js";
import { MAX_WORLD_BYTES } from "./body.js";
import { route } from "./route.js";
import { noQuery, nothing, pageOf, pageQuery, worldView } from "./schemas.js";

const inWorld = z.strictObject({ worldId: Id });
const read = { method: "GET", body: nothing, headers: {}, status: 200, answers: [], query: noQuery } as const;

/** Worlds: their import, and the removal of a world or of one of its items. */
export const WORLD_ROUTES = {
  importWorld: route({
    id: "import-world",
    method: "PUT",
    path: "api/worlds/{worldId}",
    summary: "Import an estate: sites, machines and what is protected",
    params: inWorld,
    query: noQuery,
    body: World,
    bodyLimitBytes: MAX_WORLD_BYTES,
    headers: {},
    status: 200,
    answers: [],
    response: worldView,
    problems: ["world-invalid", "world-in-use", "value-too-large"],
  }),
  listWorlds: route({
    ...read,
    id: "list-worlds",
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
    path: "api/worlds/{worldId}",
    summary: "Show a world",
    params: inWorld,
    response: worldView,
    problems: ["world-not-found"],
  }),
} as const;
