import { z } from "zod";
import { Id } from "../text.js";

/** What a caller may do. `test` and `run` are separate: who rehearses a recovery may not start the real one. */
export const Right = z.enum(["read", "test", "run", "approve", "plan", "estate", "audit", "administer", "break-glass"]);
export type Right = z.infer<typeof Right>;

export const Role = z.enum([
  "viewer",
  "operator",
  "executor",
  "approver",
  "planner",
  "auditor",
  "administrator",
  "break-glass",
]);
export type Role = z.infer<typeof Role>;

/**
 * The rights of each role. Nobody has `break-glass` by another role, and an administrator does not approve: both are
 * given to a person on purpose.
 */
const RIGHTS: Readonly<Record<Role, readonly Right[]>> = {
  viewer: ["read"],
  operator: ["read", "test"],
  executor: ["read", "test", "run"],
  approver: ["read", "approve"],
  planner: ["read", "plan"],
  auditor: ["read", "audit"],
  administrator: ["read", "test", "run", "plan", "estate", "audit", "administer"],
  "break-glass": ["read", "break-glass"],
};

/** One role, for all plans or for those named. */
export const Grant = z.strictObject({
  role: Role,
  planIds: z.array(Id).min(1).max(100).optional().describe("the plans that the role is limited to; all if missing"),
});
export type Grant = z.infer<typeof Grant>;

/** The roles that have a right. */
export const rolesWith = (right: Right): Role[] => Role.options.filter((role) => RIGHTS[role].includes(right));

export const rightsOf = (role: Role): readonly Right[] => RIGHTS[role];
