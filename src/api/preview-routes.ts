import { z } from "zod";
import { ExecutionOptions } from "../domain/execution.js";
import { DiskCoverage, RecoveryPointChoice } from "../domain/recovery-points/recovery-point-choice.js";
import { defined, Id, Instant, Name } from "../domain/text.js";
import { Direction, ExecutionDirection, ItemState, Verb } from "../domain/vocabulary.js";
import { TargetSettings } from "../domain/worlds/world.js";
import { ApiProblem, type InvalidField } from "./problem.js";
import { route } from "./route.js";
import { finding, noQuery, prerequisite, read, recoveryPointView, startBody } from "./schemas.js";

const onPlan = z.strictObject({ planId: Id });
const onItem = z.strictObject({ worldId: Id, itemId: Id });

/** A choice of recovery points in a query. Without `kind`, the plan's own choice applies. */
const pointsQuery = z.strictObject({
  kind: z
    .enum(["latest", "latest-processed", "latest-app-consistent", "latest-crash-consistent", "point-in-time", "custom"])
    .optional(),
  emulatedNotAfter: Instant.optional(),
  pointId: Id.optional(),
  groups: z.enum(["common", "per-item"]).optional(),
  /** `all`, or item ids separated by commas. */
  appConsistent: z
    .string()
    .max(100_000)
    .transform((text) => (text === "all" ? text : text.split(",")))
    .optional(),
});

/** The choice in a query, or null when the query has none. Refuses fields that the kind does not have. */
export function pointsChoiceOf(query: z.output<typeof pointsQuery>): RecoveryPointChoice | null {
  const { kind, emulatedNotAfter, pointId, groups, appConsistent } = query;
  const given = defined({ kind, emulatedNotAfter, pointId, groups, appConsistent });
  return Object.keys(given).length === 0 ? null : fromQuery(RecoveryPointChoice, given);
}

/** What a query says, as a whole. Its fields are checked one by one before. */
function fromQuery<S extends z.ZodType>(schema: S, given: object): z.output<S> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.slice(0, 20).map(({ path, message }): InvalidField => {
    return { part: "query", path: path.map(String).join("."), message };
  });
  throw new ApiProblem("invalid-input", `The query is not valid: ${fields[0]?.message}`, { fields });
}

export const pointsPreview = z.object({
  choice: RecoveryPointChoice,
  items: z.array(
    z.object({
      itemId: Id,
      point: recoveryPointView.nullable(),
      answer: z.enum(["found", "made-at-start", "none"]),
      lossSeconds: z.number().nullable(),
      because: z.string().nullable(),
      disks: DiskCoverage.nullable(),
    }),
  ),
  worstLossSeconds: z.number().nullable(),
});

const flag = z
  .enum(["true", "false"])
  .transform((text) => text === "true")
  .optional();

const list = z
  .string()
  .max(100_000)
  .transform((text) => text.split(","))
  .optional();

/** The verb, and the options of its start. */
const prerequisitesQuery = pointsQuery.extend({
  verb: Verb,
  processServerId: Id.optional(),
  masterTargetId: list,
  datastoreId: list,
  retentionDrive: list,
  location: z.enum(["original", "alternate"]).optional(),
  waitForAgent: flag,
  acknowledgeNoTest: flag,
  sourceShutdown: z.enum(["attempt", "skip"]).optional(),
  testNetworkId: Id.optional(),
  only: list.describe("ids of items of the plan, separated by commas"),
  without: list.describe("ids of items of the plan, separated by commas"),
});

/** The options of a start, as a query gives them. */
export function startOptionsOf(query: z.output<typeof prerequisitesQuery>): ExecutionOptions {
  const { processServerId, masterTargetId, datastoreId, retentionDrive, location, waitForAgent } = query;
  const { acknowledgeNoTest, sourceShutdown, testNetworkId, only, without } = query;
  const home = defined({ processServerId, masterTargetId, datastoreId, retentionDrive, location, waitForAgent });
  const recoveryPoint = pointsChoiceOf(query) ?? undefined;
  const reprotect = Object.keys(home).length === 0 ? undefined : home;
  const given = { recoveryPoint, reprotect, acknowledgeNoTest, sourceShutdown, testNetworkId, only, without };
  return fromQuery(ExecutionOptions, defined(given));
}

const itemDecision = z.object({
  itemId: Id,
  decision: z
    .enum(["take", "already-done", "not-applicable", "excluded", "left-out", "blocked"])
    .describe(
      "take: it takes part; already-done, not-applicable: there is nothing to do for it; excluded: the request leaves it out; left-out: it cannot go, and the others go without it; blocked: it cannot go and prevents the start",
    ),
  from: ItemState.optional().describe("the state that it starts from"),
  during: ItemState.optional().describe("the state that it has while the verb runs"),
  because: z.string().optional(),
  code: z.string().optional().describe("the error that prevents it from going"),
});

const prerequisitesView = z.object({
  verb: Verb,
  ready: z.boolean().describe("whether a start with the same options would be accepted now"),
  confirm: z
    .object({ direction: ExecutionDirection, from: z.array(Id), to: z.array(Id) })
    .nullable()
    .describe("direction and sites; send it back as the option confirm of the start"),
  direction: ExecutionDirection,
  items: z.array(itemDecision),
  without: z.array(Id).describe("a start that leaves these items out would be accepted; empty when it is ready"),
  refusal: z
    .object({ code: z.string(), message: z.string(), details: z.array(z.string()) })
    .nullable()
    .describe("what the start would be refused with"),
  checked: z.array(z.object({ ...prerequisite, items: z.int(), unmet: z.int() })),
  findings: z.array(finding),
});

const networksQuery = z.strictObject({ isolated: flag });

const networksView = z.object({
  isolated: z.boolean(),
  items: z.array(
    z.object({
      itemId: Id,
      interface: Name,
      networkId: Id.nullable(),
      subnet: z.string().nullable(),
      address: z.string().nullable(),
      how: z.enum(["asked", "same", "next-free", "dhcp"]).nullable(),
      because: z.string().nullable(),
    }),
  ),
});

const reprotectQuery = prerequisitesQuery.pick({
  processServerId: true,
  masterTargetId: true,
  datastoreId: true,
  retentionDrive: true,
  location: true,
});

const reprotectView = z.object({
  items: z.array(
    z.object({
      itemId: Id,
      direction: Direction,
      fromSiteId: Id,
      siteId: Id.describe("the site that receives the data"),
      settings: TargetSettings.describe("what the machine gets there, with every automatic choice made"),
      locked: z
        .string()
        .nullable()
        .describe("why the settings cannot be changed now; null when they can, as target settings of the item"),
      policyId: Id.describe("the policy in force afterwards, which follows from the direction"),
      processServerId: Id.nullable(),
      masterTargetId: Id.nullable(),
      retentionDrive: Name.nullable(),
      hostId: Id.nullable(),
      datastoreId: Id.nullable(),
      resources: z.array(z.object({ name: z.string(), new: z.boolean() })),
      because: z.string().nullable(),
    }),
  ),
});

const check = {
  method: "POST",
  query: noQuery,
  body: startBody,
  headers: {},
  status: 200,
  answers: [],
  response: prerequisitesView,
} as const;

/** Previews: what would happen if something started now. These routes change nothing. */
export const PREVIEW_ROUTES = {
  previewPlanPoints: route({
    ...read,
    id: "preview-plan-recovery-points",
    right: "read",
    path: "api/recovery-plans/{planId}/recovery-points",
    summary: "Show from which point each item of a plan would start, and what it would lose",
    params: onPlan,
    query: pointsQuery,
    response: pointsPreview,
    problems: ["plan-not-found", "custom-point-for-one-item"],
  }),
  previewItemPoints: route({
    ...read,
    id: "preview-item-recovery-points",
    right: "read",
    path: "api/worlds/{worldId}/protected-items/{itemId}/recovery-points/preview",
    summary: "Show from which point an item would start, and what it would lose",
    params: onItem,
    query: pointsQuery,
    response: pointsPreview,
    problems: ["world-not-found", "item-not-found"],
  }),
  planPrerequisites: route({
    ...read,
    id: "check-plan-prerequisites",
    right: "read",
    path: "api/recovery-plans/{planId}/prerequisites",
    summary: "Check whether a verb could start on a plan, and start nothing",
    params: onPlan,
    query: prerequisitesQuery,
    response: prerequisitesView,
    problems: ["plan-not-found", "item-not-found", "custom-point-for-one-item", "option-not-used"],
  }),
  checkPlanStart: route({
    ...check,
    id: "check-plan-start",
    right: "read",
    path: "api/recovery-plans/{planId}/prerequisites",
    summary: "Check whether a start with this body would be accepted, and start nothing",
    params: onPlan,
    problems: ["plan-not-found", "item-not-found", "custom-point-for-one-item", "option-not-used"],
  }),
  itemPrerequisites: route({
    ...read,
    id: "check-item-prerequisites",
    right: "read",
    path: "api/worlds/{worldId}/protected-items/{itemId}/prerequisites",
    summary: "Check whether a verb could start on an item, and start nothing",
    params: onItem,
    query: prerequisitesQuery,
    response: prerequisitesView,
    problems: ["world-not-found", "item-not-found", "option-not-used"],
  }),
  checkItemStart: route({
    ...check,
    id: "check-item-start",
    right: "read",
    path: "api/worlds/{worldId}/protected-items/{itemId}/prerequisites",
    summary: "Check whether a start with this body would be accepted, and start nothing",
    params: onItem,
    problems: ["world-not-found", "item-not-found", "option-not-used"],
  }),
  planNetworks: route({
    ...read,
    id: "preview-plan-networks",
    right: "read",
    path: "api/recovery-plans/{planId}/networks",
    summary: "Show the network, subnet and address that each interface of the items of a plan would get",
    params: onPlan,
    query: networksQuery,
    response: networksView,
    problems: ["plan-not-found"],
  }),
  itemNetworks: route({
    ...read,
    id: "preview-item-networks",
    right: "read",
    path: "api/worlds/{worldId}/protected-items/{itemId}/networks",
    summary: "Show the network, subnet and address that each interface of an item would get",
    params: onItem,
    query: networksQuery,
    response: networksView,
    problems: ["world-not-found", "item-not-found"],
  }),
  planReprotect: route({
    ...read,
    id: "preview-plan-reprotect",
    right: "read",
    path: "api/recovery-plans/{planId}/reprotect",
    summary: "Show what a reprotect of each item of a plan would create, and what exists already",
    params: onPlan,
    query: reprotectQuery,
    response: reprotectView,
    problems: ["plan-not-found"],
  }),
  itemReprotect: route({
    ...read,
    id: "preview-item-reprotect",
    right: "read",
    path: "api/worlds/{worldId}/protected-items/{itemId}/reprotect",
    summary: "Show what a reprotect of an item would create, and what exists already",
    params: onItem,
    query: reprotectQuery,
    response: reprotectView,
    problems: ["world-not-found", "item-not-found"],
  }),
} as const;
