import { z } from "zod";
import { HttpUrl, Id, Instant, Name, SecretName } from "../text.js";
import { type NotificationEvent, NotificationKind } from "./event.js";
import { SERVICE_TARGETS } from "./service-targets.js";

const secrets = z
  .array(SecretName)
  .max(3)
  .default([])
  .describe(
    "the secrets that sign the requests (Standard Webhooks), one signature by each; name the new one beside the old one to replace a key",
  );

/**
 * Where notifications go, and in which form. A secret that is sent, and does not only sign, goes to the hosts of its
 * service and nowhere else. PagerDuty takes warnings and worse, and the end of what was told before.
 */
export const NotificationTarget = z.discriminatedUnion("format", [
  /** A CloudEvent 1.0 in structured JSON, for any receiver. */
  z.strictObject({ format: z.literal("cloudevents"), url: HttpUrl, secrets }),
  ...SERVICE_TARGETS,
  /** The common alert schema of Azure Monitor, for what action groups can call. */
  z.strictObject({ format: z.literal("azure-common-alert"), url: HttpUrl, secrets }),
]);
export type NotificationTarget = z.infer<typeof NotificationTarget>;

const wanted = <T extends z.ZodType>(schema: T) => z.array(schema).min(1).max(100).optional();

/** Who wants to be told what. A missing filter lets everything through. */
export const SubscriptionInput = z.strictObject({
  name: Name.optional(),
  kinds: z.array(NotificationKind).min(1).max(NotificationKind.options.length).default(NotificationKind.options),
  planIds: wanted(Id).describe("only what is about these plans"),
  worldIds: wanted(Id).describe("only what is about these worlds"),
  target: NotificationTarget,
  paused: z.boolean().default(false).describe("true: what happens meanwhile is not told, and not told later"),
});
export type SubscriptionInput = z.infer<typeof SubscriptionInput>;

export const Subscription = SubscriptionInput.extend({ id: Id, savedAt: Instant, savedBy: Name });
export type Subscription = z.infer<typeof Subscription>;

/** Whether a subscription wants an event of a kind. The kind is asked for apart, because a wait for an approval has two. */
export function wants(
  { kinds, planIds, worldIds, target, paused }: Subscription,
  kind: NotificationKind,
  event: NotificationEvent,
): boolean {
  const fits = (ids: readonly string[] | undefined, id: string | null) =>
    ids === undefined || (id !== null && ids.includes(id));
  const isHeard = target.format !== "pagerduty" || event.severity !== "info" || event.ends;
  return !paused && isHeard && kinds.includes(kind) && fits(planIds, event.planId) && fits(worldIds, event.worldId);
}

/** The names of the secrets of a target. */
export function secretsOf(target: NotificationTarget): readonly string[] {
  switch (target.format) {
    case "cloudevents":
    case "azure-common-alert":
      return target.secrets;
    case "slack":
    case "teams":
      return [target.urlSecret];
    case "pagerduty":
      return [target.routingKey];
  }
}

/** The address of a target as it may be shown. One that is a secret is shown by its name. */
export function placeOf(target: NotificationTarget): string {
  if (target.format === "cloudevents" || target.format === "azure-common-alert") return target.url;
  return `${target.format}, secret ${secretsOf(target).join()}`;
}
