import type { z } from "zod";
import { mapInChunks } from "../domain/chunks.js";
import { RecoveryError } from "../domain/errors.js";
import { evaluateProbe, type Probe } from "../domain/plans/probes.js";
import { beginTimer, checkTimer } from "../executions/commit-timer.js";
import * as contracts from "../executions/commit-timer-contracts.js";
import type { Ports } from "../ports.js";
import { activity } from "./activity.js";

export const beginCommitTimer = activity(contracts.beginCommitTimer, (ports, { executionId, afterMs, act }) =>
  beginTimer(ports, executionId, afterMs, act),
);

export const checkCommitTimer = activity(contracts.checkCommitTimer, (ports, { executionId }) =>
  checkTimer(ports, executionId),
);

/** Machines that are asked at the same time. */
const AT_ONCE = 16;
const MAX_NAMED = 10;

/** Fails closed: a machine that cannot be looked at has neither passed nor failed. */
export const probeMachines = activity(contracts.probeMachines, (ports, { worldId, items }) =>
  probed(ports, worldId, items),
);

async function probed(
  ports: Ports,
  worldId: string,
  items: z.output<typeof contracts.probeMachines.input>["items"],
): Promise<z.output<typeof contracts.probeMachines.output>> {
  const failed: string[] = [];
  const unknown: string[] = [];
  await mapInChunks(items, AT_ONCE, async ({ id, probes }) => {
    try {
      failed.push(...(await failuresOf(ports, worldId, id, probes)));
    } catch (thrown) {
      if (!(thrown instanceof RecoveryError)) throw thrown;
      unknown.push(`${id}: ${thrown.message}`);
    }
  });
  if (unknown.length > 0) return { result: "unknown", saw: inWords(unknown) };
  if (failed.length > 0) return { result: "failed", saw: inWords(failed) };
  return { result: "passed", saw: `all ${items.length} machines answered their probes` };
}

async function failuresOf(
  { hypervisor }: Ports,
  worldId: string,
  itemId: string,
  probes: readonly Probe[],
): Promise<string[]> {
  const seen = await hypervisor.observe(worldId, itemId, { kind: "replica" });
  const open = probes.map((probe) => evaluateProbe(probe, seen)).filter(({ passed }) => !passed);
  return open.length === 0 ? [] : [`${itemId}: ${open.map(({ saw }) => saw).join(", ")}`];
}

function inWords(lines: readonly string[]): string {
  const rest = lines.length > MAX_NAMED ? `; and ${lines.length - MAX_NAMED} more` : "";
  return `${lines.slice(0, MAX_NAMED).join("; ")}${rest}`.slice(0, 1_500);
}
