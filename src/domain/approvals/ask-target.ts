import { z } from "zod";
import { SecretName } from "../text.js";

const Url = z.url({ protocol: /^https?$/ }).max(2_000);
const urlSecret = SecretName.describe("the secret whose value is the URL, for URLs that are secrets themselves");

/** Standard Webhooks: several keys may be active, see `signaturesOf`. */
const secret = SecretName.describe("the secret that signs the request (Standard Webhooks)");

/**
 * Where an approval is asked for, and in which form. A secret that is sent and does not only sign goes to the hosts of
 * its service and nowhere else, because whoever writes a plan chooses both.
 */
export const AskTarget = z.discriminatedUnion("format", [
  /** A CloudEvent, for any receiver. */
  z.strictObject({ format: z.literal("standard"), url: Url, secret: secret.optional() }),
  /** A message with buttons, to an incoming webhook of a Slack app. */
  z.strictObject({ format: z.literal("slack"), urlSecret }),
  /** An adaptive card with a link, to a workflow of Teams. */
  z.strictObject({ format: z.literal("teams"), urlSecret }),
  /** An incident, by the Events API v2. */
  z.strictObject({
    format: z.literal("pagerduty"),
    routingKey: SecretName.describe("the secret whose value is the integration key of the service"),
    region: z.enum(["us", "eu"]).default("us"),
  }),
  /** Flat, ASCII-only JSON to a scripted REST API, which checks the signature. */
  z.strictObject({ format: z.literal("servicenow"), url: Url, secret }),
  /** A `repository_dispatch`; its workflow waits for the review or the protection rule of an environment. */
  z.strictObject({
    format: z.literal("github"),
    repository: z
      .string()
      .max(140)
      .regex(/^[\w.-]+\/[\w.-]+$/, "use owner/name"),
    environment: z.string().min(1).max(255),
    token: SecretName.describe("the secret whose value is a token with access to the repository"),
  }),
]);
export type AskTarget = z.infer<typeof AskTarget>;
