import type { Grant } from "../../../src/domain/access/roles.js";
import { SENDERS } from "../../support/webhook-senders.js";

/** Schemes with a signed time and hash, and one without either. */
export const SOURCE_FAMILIES = ["standard", "slack", "github"] as const;
export type SourceFamily = (typeof SOURCE_FAMILIES)[number];

/** The people of each source by its own ids. `stranger` is nobody that it is registered with. */
export const EXTERNALS: Readonly<Record<SourceFamily, Readonly<Record<string, string>>>> = {
  standard: { ann: "ann@example.com", bob: "bob@example.com", mallory: "mal@example.com", stranger: "x@example.com" },
  slack: { ann: "U2CERLKJA", cid: "U2CERLKJC", operator: "U2CERLKJO", stranger: "U2CERLKJX" },
  github: { bob: "583232", cid: "583233", mallory: "583239", stranger: "999999" },
};

/** The person that a source speaks for under an id of its own. */
export const personAt = (sourceId: SourceFamily, external: string): string | undefined =>
  Object.entries(EXTERNALS[sourceId]).find(([, id]) => id === external)?.[0];

const reversed = (text: string): string => [...text].reverse().join("");
const OTHER_STANDARD = `whsec_${Buffer.from("a rotated key of thirty-two byte").toString("base64")}`;
/** The values of secrets in force by their names; `_new` follows when a secret is rotated. */
export const SECRETS: Readonly<Record<string, string>> = {
  standard: SENDERS.standard.secret,
  slack: SENDERS.slack.secret,
  github: SENDERS.github.secret,
  standard_new: OTHER_STANDARD,
  slack_new: reversed(SENDERS.slack.secret),
  github_new: reversed(SENDERS.github.secret),
};

/** What somebody signs with who does not know any secret. */
export const forgersSecret = (family: SourceFamily): string =>
  family === "standard" ? FORGED_STANDARD : `${SENDERS[family].secret.slice(1)}0`;
const FORGED_STANDARD = `whsec_${Buffer.from("a guessed key of thirty-two byte").toString("base64")}`;

/**
 * Holders of tokens that give them no right to what they try. `another` is no plan of a run. `rex` may approve until his
 * token is revoked.
 */
export const TRESPASSERS = {
  viewer: [{ role: "viewer" }],
  operator: [{ role: "operator" }],
  planner: [{ role: "planner", planIds: ["another"] }],
  guesser: [{ role: "approver", planIds: ["another"] }],
  helper: [{ role: "executor", planIds: ["another"] }],
  administrator: [{ role: "administrator" }],
  rex: [{ role: "approver" }, { role: "executor" }],
} as const satisfies Record<string, readonly Grant[] | readonly { role: string; planIds?: readonly string[] }[]>;
export type Trespasser = keyof typeof TRESPASSERS;
