import { z } from "zod";
import { Grant, Role } from "../access/roles.js";
import { Id, Instant, Name, SecretName } from "../text.js";
import { Expectation, Scheme } from "./scheme.js";
import { SchemeName } from "./schemes.js";

/** How many secrets of a source are active at a time: the old one, the new one, and one to spare. */
export const MAX_SECRETS = 3;

/** A person that a source speaks for. */
export const SourcePerson = z.strictObject({
  external: z.string().min(1).max(128).describe("the sender's own id of the person"),
  person: Name.describe("the person, as every other credential of the same human names it"),
  roles: z.array(Role).min(1).max(Role.options.length),
  planIds: Grant.shape.planIds,
});
export type SourcePerson = z.infer<typeof SourcePerson>;

/** What an administrator registers. */
export const WebhookSourceInput = z
  .strictObject({
    scheme: z.union([SchemeName, Scheme]).describe("a known scheme by its name, or one of the same form"),
    secrets: z
      .array(SecretName)
      .min(1)
      .max(MAX_SECRETS)
      .describe("the names of its active secrets; the value of NAME is the setting SECRET_NAME"),
    people: z.array(SourcePerson).min(1).max(500).describe("the people that the source speaks for, and nobody else"),
    expect: z
      .array(Expectation)
      .max(10)
      .default([])
      .describe("values that every message must have, such as the workspace, the app or the repository"),
  })
  .refine(({ people }) => new Set(people.map(({ external }) => external)).size === people.length, {
    message: "two people have the same id at the sender",
    path: ["people"],
  })
  .refine(({ secrets }) => new Set(secrets).size === secrets.length, {
    message: "a secret is named twice",
    path: ["secrets"],
  });
export type WebhookSourceInput = z.infer<typeof WebhookSourceInput>;

/** A registered sender of webhooks. */
export const WebhookSource = z.strictObject({
  id: Id,
  ...WebhookSourceInput.shape,
  savedAt: Instant,
  savedBy: Name,
});
export type WebhookSource = z.infer<typeof WebhookSource>;

/** The roles that a source gives a person. */
export const grantsOf = ({ roles, planIds }: SourcePerson): Grant[] =>
  roles.map((role) => ({ role, ...(planIds && { planIds }) }));
