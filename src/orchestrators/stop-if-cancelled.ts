import type { ItemReport } from "../activities/contracts/execution.js";
import { RecoveryError } from "../domain/errors.js";

/** Ends the story when an item met the cancel of the execution. */
export function stopIfCancelled(reports: readonly ItemReport[]): void {
  const met = reports.find(({ outcome }) => outcome === "cancelled");
  if (met) throw new RecoveryError("cancelled", "cancelled while its items were under way");
}
