import { Grant, Role } from "./roles.js";

/** `secondsite.executor`, or `secondsite.executor:shop` for one plan. Other words in a claim belong to other applications. */
const CLAIM = /^secondsite\.([a-z-]+)(?::(.+))?$/;

const MAX_PLANS_OF_ROLE = 100;

/** The grants that the roles of a directory stand for. What is not understood grants nothing. */
export function grantsClaimed(values: readonly string[]): Grant[] {
  const plansOf = new Map<Role, Set<string> | "all">();
  for (const value of values) {
    const [, name, planId] = CLAIM.exec(value) ?? [];
    const role = Role.safeParse(name).data;
    if (role === undefined) continue;
    const known = plansOf.get(role) ?? new Set();
    plansOf.set(role, planId === undefined || known === "all" ? "all" : known.add(planId));
  }
  return [...plansOf].flatMap(([role, plans]) => {
    const planIds = plans === "all" ? undefined : [...plans].slice(0, MAX_PLANS_OF_ROLE);
    const grant = Grant.safeParse({ role, ...(planIds && { planIds }) });
    return grant.success ? [grant.data] : [];
  });
}
