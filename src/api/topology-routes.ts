import { z } from "zod";
import { ItemCondition } from "../domain/items/item-record.js";
import { Address, Id, Instant, Name } from "../domain/text.js";
import { LinkChange, MachineChange, SiteChange } from "../domain/worlds/estate-changes.js";
import { ConfigurationServer, MasterTarget, ProcessServer } from "../domain/worlds/topology.js";
import { Link, Site } from "../domain/worlds/world.js";
import { route } from "./route.js";
import { itemDetail, noQuery, nothing, realMoment } from "./schemas.js";

const onItem = z.strictObject({ worldId: Id, itemId: Id });
const onCondition = onItem.extend({ type: ItemCondition.shape.type });
const onSite = z.strictObject({ worldId: Id, siteId: Id });
const onProcessServer = z.strictObject({ worldId: Id, siteId: Id, processServerId: Id });

const report = {
  method: "POST",
  query: noQuery,
  body: nothing,
  headers: {},
  status: 200,
  answers: [],
  response: itemDetail,
} as const;
const change = { method: "PATCH", query: noQuery, headers: {}, status: 200, answers: [] } as const;
const passphrase = z
  .string()
  .min(1)
  .max(256)
  .optional()
  .describe("of the configuration server that it registers with, if that has one; it is not stored");
const unknown = ["world-not-found", "item-not-found", "not-found"] as const;

const backup = ConfigurationServer.shape.backup.unwrap().extend({ takenAt: realMoment, emulatedTakenAt: Instant });

/** A configuration server without its secret, and with both times of its backup. */
const serverView = ConfigurationServer.omit({ passphraseHash: true }).extend({ backup: backup.optional() });

const onServer = {
  method: "POST",
  params: onSite,
  query: noQuery,
  headers: {},
  status: 200,
  answers: [],
  response: serverView,
  problems: ["world-not-found", "not-found"],
} as const;

/** Maintenance of the sites and their servers. */
export const TOPOLOGY_ROUTES = {
  resolveCondition: route({
    ...report,
    id: "resolve-condition",
    right: "estate",
    path: "api/worlds/{worldId}/protected-items/{itemId}/conditions/{type}/resolve",
    summary: "Resolve a condition: somebody did what it asks for",
    params: onCondition,
    problems: unknown,
  }),
  simulateSourceReturn: route({
    ...report,
    id: "simulate-source-return",
    right: "estate",
    path: "api/worlds/{worldId}/protected-items/{itemId}/simulate-source-return",
    summary: "Simulate that the source of a failed-over item starts again on its own, with its workload",
    params: onItem,
    problems: unknown,
  }),
  backUpConfigurationServer: route({
    ...onServer,
    id: "back-up-configuration-server",
    right: "estate",
    path: "api/worlds/{worldId}/sites/{siteId}/configuration-server/back-up",
    summary: "Back up the configuration server of a site",
    body: nothing,
  }),
  restoreConfigurationServer: route({
    ...onServer,
    id: "restore-configuration-server",
    right: "estate",
    path: "api/worlds/{worldId}/sites/{siteId}/configuration-server/restore",
    summary: "Restore the configuration server of a site from its backup, at its old or at a new address",
    body: z.strictObject({ ip: Address.optional() }).prefault({}),
  }),
  deployProcessServer: route({
    id: "deploy-process-server",
    right: "estate",
    method: "PUT",
    path: "api/worlds/{worldId}/sites/{siteId}/process-servers/{processServerId}",
    summary: "Deploy a process server, or show its progress: it is ready after 10 to 15 emulated minutes",
    params: onProcessServer,
    query: noQuery,
    body: z.strictObject({
      name: Name.optional().describe("for people; the id when missing"),
      networkId: Id.describe("the network of the machines that it serves"),
      subnet: Id,
      ip: Address.describe("an address of the subnet that is its own"),
      passphrase,
    }),
    headers: {},
    status: 202,
    answers: [],
    response: z.object({
      processServerId: Id,
      state: z.enum(["deploying", "deployed"]),
      readyAt: Instant.nullable().describe("when to ask again, in real time; null once it is deployed"),
      server: ProcessServer.nullable(),
    }),
    problems: ["world-not-found", "not-found", "passphrase-refused"],
  }),
  installMasterTarget: route({
    id: "install-master-target",
    right: "estate",
    method: "PUT",
    path: "api/worlds/{worldId}/sites/{siteId}/master-targets/{masterTargetId}",
    summary: "Install an additional master target, Windows or Linux, or set one up anew",
    params: z.strictObject({ worldId: Id, siteId: Id, masterTargetId: Id }),
    query: noQuery,
    body: MasterTarget.omit({ id: true }).extend({ passphrase }),
    headers: {},
    status: 200,
    answers: [],
    response: MasterTarget,
    problems: ["world-not-found", "not-found", "world-invalid", "passphrase-refused"],
  }),
  changeSite: route({
    ...change,
    id: "change-site",
    right: "estate",
    path: "api/worlds/{worldId}/sites/{siteId}",
    summary: "Change a site of the emulated estate, as an administrator does: null removes, a list replaces the list",
    params: onSite,
    body: SiteChange,
    response: Site.extend({ configurationServer: serverView.optional() }),
    problems: ["world-not-found", "not-found", "world-invalid"],
  }),
  changeMachine: route({
    ...change,
    id: "change-machine",
    right: "estate",
    path: "api/worlds/{worldId}/protected-items/{itemId}/machine",
    summary: "Change the emulated machine of an item, or start or stop the copy that runs its workload",
    params: onItem,
    body: MachineChange,
    response: itemDetail,
    problems: ["world-not-found", "item-not-found"],
  }),
  changeLink: route({
    ...change,
    id: "change-link",
    right: "estate",
    path: "api/worlds/{worldId}/links/{linkId}",
    summary: "Change an emulated link: its kind, its peerings, its bandwidth, or whether it is connected",
    params: z.strictObject({ worldId: Id, linkId: Id }),
    body: LinkChange,
    response: Link,
    problems: ["world-not-found", "not-found"],
  }),
} as const;
