import { UNPLANNED } from "../domain/plans/step-limits.js";
import type { Verb } from "../domain/vocabulary.js";
import type { ItemStep } from "./catalogue.js";

/**
 * The steps of an item that a person may skip: always, or only where the verb goes on without them anyway. Without any
 * other step the machine would be lost, or run at two sites.
 */
const SKIPPABLE: Partial<Record<ItemStep, "always" | "if-unplanned">> = {
  "shut-down-source": "if-unplanned",
  "final-synchronise": "if-unplanned",
  "await-agent": "always",
  "verify-replica": "always",
  "await-probes": "always",
};

/** Whether a person may skip a step of an item in an execution of the verb. */
export function isSkippable(name: string, verb: Verb): boolean {
  const when = (SKIPPABLE as Readonly<Record<string, string>>)[name];
  return when === "always" || (when === "if-unplanned" && UNPLANNED.has(verb));
}
