import { z } from "zod";
import { Name } from "../text.js";
import { Grant, type Right, rightsOf } from "./roles.js";

/** How a caller proved who it is. */
export const Credential = z.enum(["none", "local", "token", "open-id-connect", "platform", "webhook"]);

/**
 * Who is behind a request, by its credential and never by its body. `person` is the same whichever credential somebody
 * uses, so that nobody counts as two people.
 */
export const Caller = z.strictObject({
  person: Name,
  credential: Credential,
  grants: z.array(Grant).max(50),
  /** Who made the credential here, and so could use it as well: of an access token its maker. An issuer is nobody here. */
  madeBy: Name.optional(),
});
export type Caller = z.infer<typeof Caller>;

/** Whether a caller has a right on everything. */
export const hasRight = (caller: Caller, right: Right): boolean =>
  caller.grants.some(({ role, planIds }) => planIds === undefined && rightsOf(role).includes(right));

/** Whether a caller has a right on a plan. */
export const hasRightOnPlan = (caller: Caller, right: Right, planId: string): boolean =>
  caller.grants.some(
    ({ role, planIds }) => rightsOf(role).includes(right) && (planIds === undefined || planIds.includes(planId)),
  );

/** Whether a caller has a right on anything at all. */
export const hasRightSomewhere = (caller: Caller, right: Right): boolean =>
  caller.grants.some(({ role }) => rightsOf(role).includes(right));

/** The caller of an installation that only its own machine can reach. It may do everything. */
export const LOCAL_ADMINISTRATOR: Caller = {
  person: "local administrator",
  credential: "local",
  grants: [{ role: "administrator" }, { role: "approver" }, { role: "break-glass" }],
};

/** Nobody in particular. The request itself must prove what it may do. */
export const ANONYMOUS: Caller = { person: "anonymous", credential: "none", grants: [] };
