import { z } from "zod";
import { canonicalJson } from "../identity.js";
import { failurePoliciesOf } from "./failure-policy.js";
import type { Plan } from "./plan.js";

/** One difference between two versions of a plan. */
export const PlanChange = z.object({
  path: z
    .string()
    .describe(
      "where it is, such as `groups/web/items/web-1/criticality`; what has an id is named by it, and `order` stands for the sequence of what both versions have",
    ),
  kind: z.enum(["added", "removed", "changed"]),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});
export type PlanChange = z.infer<typeof PlanChange>;

/**
 * What differs between two versions of a plan. Failure policies are compared as they are in force, verb by verb, so
 * that one which goes back to the default shows what that means.
 */
export const planDiff = (before: Plan, after: Plan): PlanChange[] => differences("", inForce(before), inForce(after));

const inForce = (plan: Plan): object => ({ ...plan, failurePolicy: failurePoliciesOf(plan) });

function differences(path: string, before: unknown, after: unknown): PlanChange[] {
  if (before === undefined) return after === undefined ? [] : [{ path, kind: "added", after }];
  if (after === undefined) return [{ path, kind: "removed", before }];
  const [was, is] = [partsOf(before), partsOf(after)];
  if (was === null || is === null) {
    return canonicalJson(before) === canonicalJson(after) ? [] : [{ path, kind: "changed", before, after }];
  }
  const names = [...new Set([...was.keys(), ...is.keys()])];
  const inside = names.flatMap((name) =>
    differences(path === "" ? name : `${path}/${name}`, was.get(name), is.get(name)),
  );
  return Array.isArray(before) ? [...inside, ...reordered(path, was, is)] : inside;
}

/** What a value is made of, by name; null when it is compared whole. A list is taken apart where all have ids. */
function partsOf(value: unknown): ReadonlyMap<string, unknown> | null {
  if (Array.isArray(value)) {
    const ids = value.map(idOf);
    return ids.every((id) => id !== null) ? new Map(ids.map((id, at) => [id, value[at]])) : null;
  }
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : null;
}

const idOf = (value: unknown): string | null =>
  typeof value === "object" && value !== null && "id" in value && typeof value.id === "string" ? value.id : null;

function reordered(path: string, was: ReadonlyMap<string, unknown>, is: ReadonlyMap<string, unknown>): PlanChange[] {
  const before = [...was.keys()].filter((name) => is.has(name));
  const after = [...is.keys()].filter((name) => was.has(name));
  const same = before.every((name, at) => name === after[at]);
  return same ? [] : [{ path: `${path}/order`, kind: "changed", before, after }];
}
