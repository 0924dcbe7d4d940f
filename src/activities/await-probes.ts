import { RecoveryError } from "../domain/errors.js";
import { evaluateGate } from "../domain/plans/probes.js";
import { waiting } from "../durable/poll-until-done.js";
import { pollingActivity } from "./activity.js";
import { awaitProbes as contract } from "./contracts/machines.js";

/** Looks whether a started copy answers its probes, and says when to look again. */
export const awaitProbes = pollingActivity(contract, "forward", async (ports, input, ask) => {
  const { worldId, executionId, itemId, probes, copy } = input;
  await ports.refuseIfOver(executionId, "forward");
  const seen = await ports.hypervisor.observe(
    worldId,
    itemId,
    copy === "replica" ? { kind: copy } : { kind: copy, executionId },
  );
  const gate = evaluateGate(probes, seen);
  if (gate.state === "open") return { state: "done", result: { saw: gate.saw } };
  if (gate.state === "failed") throw new RecoveryError("probe-failed", gate.because);
  if (ports.clock.now() >= ask.deadlineMs) throw new RecoveryError("time-limit", `${seen.name}: ${gate.saw}`);
  return waiting((gate.againSeconds * 1_000) / ports.settings.speed);
});
