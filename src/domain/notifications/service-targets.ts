import { z } from "zod";
import { SecretName } from "../text.js";

const urlSecret = SecretName.describe("the secret whose value is the URL, for URLs that are secrets themselves");

/** Services that take a notification or an ask for an approval in a form of their own, and what they are called with. */
export const SERVICE_TARGETS = [
  /** A message to an incoming webhook of a Slack app. */
  z.strictObject({ format: z.literal("slack"), urlSecret }),
  /** An adaptive card to a workflow of Teams. */
  z.strictObject({ format: z.literal("teams"), urlSecret }),
  /** An incident by the Events API v2. */
  z.strictObject({
    format: z.literal("pagerduty"),
    routingKey: SecretName.describe("the secret whose value is the integration key of the service"),
    region: z.enum(["us", "eu"]).default("us"),
  }),
] as const;
