import { RecoveryError } from "../domain/errors.js";
import { checkPrerequisites as findingsOf } from "../domain/prerequisites/prerequisites.js";
import { listed } from "../domain/wording.js";
import { checkPrerequisites as contract } from "../executions/contracts.js";
import { activity } from "./activity.js";

/** Looks at machines, settings and sites as the execution asks; refuses with `prerequisites-failed` and every finding. */
export const checkPrerequisites = activity(contract, async ({ hypervisor, store }, input) => {
  const { worldId, executionId, itemIds, verb } = input;
  const [estate, records, execution] = await Promise.all([
    hypervisor.describeEstate(worldId, itemIds),
    store.getItems(worldId, itemIds),
    store.getExecution(executionId),
  ]);
  const { reprotect, acknowledgeNoTest } = execution?.value.options ?? {};
  const items = new Map(
    records.map((record) => [record.itemId, { ...record, state: record.heldBy?.from ?? record.state }]),
  );
  const findings = findingsOf(estate, verb, { items, options: { ...reprotect, acknowledgeNoTest } });
  const errors = findings.filter(({ severity }) => severity === "error");
  const lines = errors.map(({ code, itemId, found, fix }) => `${itemId}: ${found} (${code}). ${fix}`);
  if (lines.length > 0) {
    throw new RecoveryError("prerequisites-failed", `${errors.length} not met: ${lines[0]}`, lines);
  }
  const warnings = findings.map(({ itemId, found }) => `${itemId}: ${found}`);
  return { found: warnings.length === 0 ? "all met" : `all met; warnings: ${listed(warnings)}` };
});
