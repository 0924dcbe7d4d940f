import { RecoveryError } from "../domain/errors.js";
import { listed } from "../domain/wording.js";
import { checkPrerequisites as contract } from "../executions/contracts.js";
import { decideAgain } from "../executions/start-facts.js";
import { activity } from "./activity.js";
import { requireCaughtUp } from "./steering.js";

/**
 * Decides again about a start, right before its first effect, because the estate may have changed since; refuses with
 * every finding. Before a later group it names the items that can no longer go, and the failure policy decides.
 */
export const checkPrerequisites = activity(contract, async (ports, { executionId, itemIds, phase, seen }) => {
  await requireCaughtUp(ports, { executionId, seen });
  const { refusal, items, findings } = await decideAgain(ports, executionId, itemIds, phase);
  if (phase === "start" && refusal !== null) {
    throw new RecoveryError(refusal.code, refusal.message, refusal.details);
  }
  const unfit = items.flatMap((item) =>
    "code" in item
      ? [{ itemId: item.itemId, failure: { code: item.code, message: item.because.slice(0, 2_000) } }]
      : [],
  );
  const found = findings.map((finding) => `${finding.itemId}: ${finding.found}`);
  return { found: found.length === 0 ? "all met" : `findings: ${listed(found)}`, unfit };
});
