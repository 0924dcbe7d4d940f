import { z } from "zod";
import { ItemCondition } from "../domain/item-record.js";
import { Id, Instant } from "../domain/text.js";
import { ProcessServer } from "../domain/topology.js";
import { route } from "./route.js";
import { itemDetail, noQuery, nothing } from "./schemas.js";

const onItem = z.strictObject({ worldId: Id, itemId: Id });
const onCondition = onItem.extend({ type: ItemCondition.shape.type });
const onProcessServer = z.strictObject({ worldId: Id, siteId: Id, processServerId: Id });

const tell = {
  method: "POST",
  query: noQuery,
  body: nothing,
  headers: {},
  status: 200,
  answers: [],
  response: itemDetail,
} as const;
const unknown = ["world-not-found", "item-not-found", "not-found"] as const;

/** What happens at the sites beside recovery itself. */
export const TOPOLOGY_ROUTES = {
  mendCondition: route({
    ...tell,
    id: "mend-condition",
    path: "api/worlds/{worldId}/protected-items/{itemId}/conditions/{type}/mend",
    summary: "Say that somebody did what a condition asks for",
    params: onCondition,
    problems: unknown,
  }),
  sourceComesBack: route({
    ...tell,
    id: "source-comes-back",
    path: "api/worlds/{worldId}/protected-items/{itemId}/source-comes-back",
    summary: "Have the copy that a failover left come up by itself, workload and all",
    params: onItem,
    problems: unknown,
  }),
  deployProcessServer: route({
    id: "deploy-process-server",
    method: "PUT",
    path: "api/worlds/{worldId}/sites/{siteId}/process-servers/{processServerId}",
    summary: "Deploy a process server, or look how far it is: it appears after 10 to 15 emulated minutes",
    params: onProcessServer,
    query: noQuery,
    body: nothing,
    headers: {},
    status: 202,
    answers: [],
    response: z.object({
      processServerId: Id,
      state: z.enum(["deploying", "deployed"]),
      readyAt: Instant.nullable(),
      server: ProcessServer.nullable(),
    }),
    problems: ["world-not-found", "not-found"],
  }),
} as const;
