import { z } from "zod";
import { DiskCoverage, RecoveryPointChoice } from "../domain/recovery-points/recovery-point-choice.js";
import { Id, Instant, Name } from "../domain/text.js";
import { Direction, Verb } from "../domain/vocabulary.js";
import { TargetSettings } from "../domain/worlds/world.js";
import { ApiProblem, type InvalidField } from "./problem.js";
import { route } from "./route.js";
import { finding, nothing, prerequisite, recoveryPointView } from "./schemas.js";

const onPlan = z.strictObject({ planId: Id });
const onItem = z.strictObject({ worldId: Id, itemId: Id });

const read = { method: "GET", body: nothing, headers: {}, status: 200, answers: [] } as const;

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
  if (Object.values(query).every((value) => value === undefined)) return null;
  const parsed = RecoveryPointChoice.safeParse(query);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.slice(0, 20).map(({ path, message }): InvalidField => {
    return { part: "query", path: path.map(String).join("."), message };
  });
  throw new ApiProblem("invalid-input", `The query is not a valid choice of recovery points: ${fields[0]?.message}`, {
    fields,
  });
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

/** The verb, and the options of its start that prerequisites read. */
const prerequisitesQuery = z.strictObject({
  verb: Verb,
  processServerId: Id.optional(),
  masterTargetId: Id.optional(),
  datastoreId: Id.optional(),
  retentionDrive: Name.optional(),
  location: z.enum(["original", "alternate"]).optional(),
  waitForAgent: flag,
  acknowledgeNoTest: flag,
});

const prerequisitesView = z.object({
  verb: Verb,
  ready: z.boolean(),
  checked: z.array(z.object({ ...prerequisite, items: z.int(), unmet: z.int() })),
  findings: z.array(finding),
});

const networksQuery = z.strictObject({ isolated: flag });

const networksView = z.object({
  isolated: z.boolean(),
  items: z.array(
    z.object({
      itemId: Id,
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
      siteId: Id,
      settings: TargetSettings.nullable(),
      hostId: Id.nullable(),
      datastoreId: Id.nullable(),
      resources: z.array(z.object({ name: z.string(), new: z.boolean() })),
      because: z.string().nullable(),
    }),
  ),
});

/** Previews: what would happen if something started now. These routes change nothing. */
export const PREVIEW_ROUTES = {
  previewPlanPoints: route({
    ...read,
    id: "preview-plan-recovery-points",
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
    path: "api/recovery-plans/{planId}/prerequisites",
    summary: "Check whether a verb could start on a plan, and start nothing",
    params: onPlan,
    query: prerequisitesQuery,
    response: prerequisitesView,
    problems: ["plan-not-found"],
  }),
  itemPrerequisites: route({
    ...read,
    id: "check-item-prerequisites",
    path: "api/worlds/{worldId}/protected-items/{itemId}/prerequisites",
    summary: "Check whether a verb could start on an item, and start nothing",
    params: onItem,
    query: prerequisitesQuery,
    response: prerequisitesView,
    problems: ["world-not-found", "item-not-found"],
  }),
  planNetworks: route({
    ...read,
    id: "preview-plan-networks",
    path: "api/recovery-plans/{planId}/networks",
    summary: "Show the network, subnet and address that each item of a plan would get",
    params: onPlan,
    query: networksQuery,
    response: networksView,
    problems: ["plan-not-found"],
  }),
  itemNetworks: route({
    ...read,
    id: "preview-item-networks",
    path: "api/worlds/{worldId}/protected-items/{itemId}/networks",
    summary: "Show the network, subnet and address that an item would get",
    params: onItem,
    query: networksQuery,
    response: networksView,
    problems: ["world-not-found", "item-not-found"],
  }),
  planReprotect: route({
    ...read,
    id: "preview-plan-reprotect",
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
    path: "api/worlds/{worldId}/protected-items/{itemId}/reprotect",
    summary: "Show what a reprotect of an item would create, and what exists already",
    params: onItem,
    query: reprotectQuery,
    response: reprotectView,
    problems: ["world-not-found", "item-not-found"],
  }),
} as const;
