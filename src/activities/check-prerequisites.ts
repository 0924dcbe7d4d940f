import { RecoveryError } from "../domain/errors.js";
import { checkPrerequisites as findingsOf } from "../domain/prerequisites.js";
import { activity } from "./activity.js";
import { checkPrerequisites as contract } from "./contracts/execution.js";

/** Looks at machines, target settings and sites; refuses with `prerequisites-failed` and every finding. */
export const checkPrerequisites = activity(contract, async ({ hypervisor }, { worldId, itemIds, verb }) => {
  const findings = findingsOf(await hypervisor.describeEstate(worldId, itemIds), verb);
  const errors = findings.filter(({ severity }) => severity === "error");
  const lines = errors.map(({ code, itemId, found, fix }) => `${itemId}: ${found} (${code}). ${fix}`);
  if (lines.length > 0) {
    throw new RecoveryError("prerequisites-failed", `${errors.length} not met: ${lines[0]}`, lines.slice(0, 100));
  }
  const warnings = findings.map(({ itemId, found }) => `${itemId}: ${found}`);
  return { found: warnings.length === 0 ? "all met" : `all met; warnings: ${warnings.slice(0, 5).join("; ")}` };
});
