import { z } from "zod";
import { ItemCondition } from "../domain/items/item-record.js";
import { Address, Id, Instant } from "../domain/text.js";
import { ConfigurationServer, ProcessServer } from "../domain/worlds/topology.js";
import { route } from "./route.js";
import { itemDetail, noQuery, nothing } from "./schemas.js";

const onItem = z.strictObject({ worldId: Id, itemId: Id });
const onCondition = onItem.extend({ type: ItemCondition.shape.type });
const onSite = z.strictObject({ worldId: Id, siteId: Id });
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

const onServer = {
  method: "POST",
  params: onSite,
  query: noQuery,
  headers: {},
  status: 200,
  answers: [],
  response: ConfigurationServer.omit({ passphraseHash: true }),
  problems: ["world-not-found", "not-found"],
} as const;

/** What happens at the sites beside recovery itself. */
export const TOPOLOGY_ROUTES = {
  resolveCondition: route({
    ...tell,
    id: "resolve-condition",
    path: "api/worlds/{worldId}/protected-items/{itemId}/conditions/{type}/resolve",
    summary: "Confirm that somebody did what a condition asks for",
    params: onCondition,
    problems: unknown,
  }),
  simulateSourceReturn: route({
    ...tell,
    id: "simulate-source-return",
    path: "api/worlds/{worldId}/protected-items/{itemId}/simulate-source-return",
    summary: "Simulate that the source of a failed-over item starts again on its own, with its workload",
    params: onItem,
    problems: unknown,
  }),
  backUpConfigurationServer: route({
    ...onServer,
    id: "back-up-configuration-server",
    path: "api/worlds/{worldId}/sites/{siteId}/configuration-server/back-up",
    summary: "Back up what the configuration server of a site knows",
    body: nothing,
  }),
  restoreConfigurationServer: route({
    ...onServer,
    id: "restore-configuration-server",
    path: "api/worlds/{worldId}/sites/{siteId}/configuration-server/restore",
    summary: "Restore the configuration server of a site from its backup, at the address that it had or at another",
    body: z.strictObject({ ip: Address.optional() }).prefault({}),
  }),
  deployProcessServer: route({
    id: "deploy-process-server",
    method: "PUT",
    path: "api/worlds/{worldId}/sites/{siteId}/process-servers/{processServerId}",
    summary: "Deploy a process server, or look how far it is: it appears after 10 to 15 emulated minutes",
    params: onProcessServer,
    query: noQuery,
    body: z
      .strictObject({
        passphrase: z
          .string()
          .min(1)
          .max(256)
          .optional()
          .describe("of the configuration server that it registers with, where that has one; it is not kept"),
      })
      .prefault({}),
    headers: {},
    status: 202,
    answers: [],
    response: z.object({
      processServerId: Id,
      state: z.enum(["deploying", "deployed"]),
      readyAt: Instant.nullable(),
      server: ProcessServer.nullable(),
    }),
    problems: ["world-not-found", "not-found", "passphrase-refused"],
  }),
} as const;
