import { z } from "zod";
import { canonicalJson } from "../identity.js";
import { failurePoliciesOf } from "./failure-policy.js";
import type { Plan } from "./plan.js";

/** One difference between two versions of a plan. */
export const PlanChange = z.object({
  path: z
    .string()
    .describe(
      "the position, such as `groups/web/items/web-1/criticality`: entries with an id are named by it, and `order` is the order of the entries that both versions have",
    ),
  kind: z.enum(["added", "removed", "changed"]),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});
export type PlanChange = z.infer<typeof PlanChange>;

/**
 * The differences between two versions of a plan. Failure policies are compared as they are in force for each verb, so
 * that the return to a default shows its effect.
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

/** The named parts of a value, or null if it is compared as a whole. A list has parts if all its entries have ids. */
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
