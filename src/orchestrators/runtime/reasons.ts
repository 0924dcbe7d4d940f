import type { Failure } from "../../domain/execution.js";
import { listed } from "../../domain/wording.js";
import type { ItemReport } from "../../executions/contracts.js";

const MAX_REASON_CHARS = 500;

/**
 * The reports, each with a reason of its own. An item that was skipped or undone has no failure: the failure belongs to
 * the machine that it happened to, so the others only name that machine.
 */
export function withReasons(reports: readonly ItemReport[], failure: Failure | null): ItemReport[] {
  const unmet = failure?.details ?? [];
  const culprits = reports.filter(({ outcome }) => outcome === "failed").map(({ itemId }) => itemId);
  const why = whyWithout(culprits, failure);
  return reports.map((report) => {
    const { itemId, outcome, failure: own, note } = report;
    const found = unmet.filter((line) => line.startsWith(`${itemId}: `)).map((line) => line.slice(itemId.length + 2));
    if (found.length > 0 && failure !== null) {
      return {
        ...report,
        outcome: "failed",
        failure: { code: failure.code, message: found.join(" ").slice(0, 2_000) },
      };
    }
    if (own !== null || note !== undefined || (outcome !== "skipped" && outcome !== "cancelled")) return report;
    return { ...report, note: `${outcome === "skipped" ? "not begun" : "undone or stopped"}: ${why}` };
  });
}

/** The reason for items that have no failure of their own. */
function whyWithout(culprits: readonly string[], failure: Failure | null): string {
  if (failure?.code === "cancelled") return failure.message;
  if (failure?.details !== undefined)
    return "other machines do not meet their prerequisites; the failure of the execution lists them";
  if (culprits.length > 0) return `${listed(culprits)} failed`;
  return failure === null ? "the execution ended before its turn" : failure.message.slice(0, MAX_REASON_CHARS);
}
