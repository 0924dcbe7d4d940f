import type { Evidence } from "../evidence.js";
import { type Facts, isOver } from "./facts.js";
import { poisonOf } from "./liveness.js";
import { type Violation, violation } from "./violation.js";

/** How often one scheduled activity may run: once for each host, and once more for each time it was made to. */
function mostRuns({ effects, disturbances }: Evidence): number {
  const hosts = new Set(effects.activities.map(({ generation }) => generation)).size;
  const repeated = disturbances.filter(({ kind }) => kind === "activity-twice" || kind === "lost-completion").length;
  return hosts + repeated;
}

function retriedForEver(evidence: Evidence): Violation[] {
  const most = mostRuns(evidence);
  const runs = new Map<string, number>();
  for (const { instanceId, taskId, name } of evidence.effects.activities) {
    const task = `${name} (task ${taskId} of ${instanceId})`;
    runs.set(task, (runs.get(task) ?? 0) + 1);
  }
  return [...runs].flatMap(([task, count]) =>
    count <= most ? [] : [violation("I26", `${task} ran ${count} times, and ${most} can be explained`)],
  );
}

/** I26: what was made unreadable moves its own execution at most, and nothing is tried for ever. */
export function poisonContained({ evidence, executions }: Facts): Violation[] {
  const poisoned = poisonOf(evidence);
  const spread = [...executions.values()].flatMap(({ record }) => {
    if (!isOver(record) || poisoned(record.executionId) || record.itemIds.some(poisoned)) return [];
    const failures = ["failure" in record ? record.failure : null, ...record.outcomes.map(({ failure }) => failure)];
    const met = failures.find((failure) => failure?.code === "row-unreadable");
    if (met === undefined) return [];
    return [
      violation(
        "I26",
        `${record.verb} ${record.executionId} failed of a row that is not its own: ${met?.message}`,
        record,
      ),
    ];
  });
  return [...spread, ...retriedForEver(evidence)];
}
