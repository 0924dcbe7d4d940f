import { z } from "zod";
import { SERVICE_TARGETS } from "../notifications/service-targets.js";
import { HttpUrl, SecretName } from "../text.js";

/** Standard Webhooks: several keys may be active, see `signaturesOf`. */
const secret = SecretName.describe("the secret that signs the request (Standard Webhooks)");

/**
 * Where an approval is asked for, and in which form. A secret that is sent and does not only sign goes to the hosts of
 * its service and nowhere else, because whoever writes a plan chooses both.
 */
export const AskTarget = z.discriminatedUnion("format", [
  /** A CloudEvent, for any receiver. */
  z.strictObject({ format: z.literal("standard"), url: HttpUrl, secret: secret.optional() }),
  ...SERVICE_TARGETS,
  /** Flat, ASCII-only JSON to a scripted REST API, which checks the signature. */
  z.strictObject({ format: z.literal("servicenow"), url: HttpUrl, secret }),
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
