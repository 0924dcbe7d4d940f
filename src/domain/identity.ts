import type { Plan } from "./plans/plan.js";

/** A cryptographic digest as lower-case hexadecimal text of at least 32 digits (SHA-256 in the composition). */
export type HashFunction = (text: string) => string;

/** JSON with sorted keys, so that equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${fields.join(",")}}`;
}

/** The hash that binds an execution to the content of a plan, whatever the order of its keys. */
export const planHash = (plan: Plan, hash: HashFunction): string => hash(canonicalJson(plan));

/**
 * The execution id: the same GUID for the same person and idempotency key, so that a start is safe to repeat, and nobody
 * gets the execution of somebody else who happened to use the same key.
 */
export const executionIdOf = (person: string, idempotencyKey: string, hash: HashFunction): string =>
  guidOf(hash(`secondsite-execution\n${JSON.stringify([person, idempotencyKey])}`));

/** A digest as a GUID (version 8 layout). */
export function guidOf(digits: string): string {
  const variant = ((Number.parseInt(digits.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join("-");
}

/** The key under which the hypervisor records one effect permanently. */
export const taskKey = (executionId: string, step: string, subjectId: string): string =>
  `${executionId}/${step}/${subjectId}`;
