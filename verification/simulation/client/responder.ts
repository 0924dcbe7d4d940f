import type { PackedSteps } from "../../../src/durable/progress.js";
import { sleep } from "../runtime/host-lifetime.js";
import type { Random } from "../random.js";
import type { Asked } from "./requests.js";
import { glance, shown, type Town } from "./environment.js";

/** How soon after a change somebody looks whether an execution waits for a person. */
const LOOK_MS = 20_000;

/** Answers what executions wait for: now and then wrongly, late or never, and at once when the faults are over. */
export async function respond(town: Town, random: Random): Promise<void> {
  const seen = new Set<string>();
  for (;;) {
    await town.journal.change();
    await sleep(town.clock, LOOK_MS);
    for (const executionId of [...town.journal.running]) await look(town, executionId, seen, random.fork(executionId));
  }
}

async function look(town: Town, executionId: string, seen: Set<string>, random: Random): Promise<void> {
  const looked = glance(town)?.orchestrations.look(executionId);
  const steps = (looked && (await shown(looked)))?.steps ?? [];
  for (const stepId of awaited(steps)) {
    const key = `${town.calm ? "calm" : "rough"}/${executionId}/${stepId}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const own = random.fork(key);
    if (town.calm) void town.client.insist(answerTo(executionId, stepId, true, own), own);
    else if (!own.chance(0.15)) void answerLater(town, executionId, stepId, own);
  }
}

async function answerLater(town: Town, executionId: string, stepId: string, random: Random): Promise<void> {
  await sleep(town.clock, random.skewed(1_000, 1_800_000));
  if (!town.calm) await town.client.insist(answerTo(executionId, stepId, false, random), random);
}

/** Steps that wait for a person now: each as it came out last. */
function awaited(steps: PackedSteps): string[] {
  const newest = new Map(steps.map(([id, status]) => [id, status]));
  return [...newest].flatMap(([id, status]) => (status === "awaiting-input" ? [id] : []));
}

function answerTo(executionId: string, stepId: string, calm: boolean, random: Random): Asked {
  const [kind, name = ""] = stepId.split("/");
  if (kind === "action") return { kind: "confirm", executionId, actionId: name, done: random.chance(0.85) };
  if (kind === "ask") {
    const answer = random.weighted(calm ? { skip: 1, stop: 1, undo: 1 } : { retry: 4, skip: 2, stop: 1, undo: 2 });
    return { kind: "resolve", executionId, ask: Number(name), answer };
  }
  return { kind: "validate", executionId, verdict: random.chance(0.8) ? "accept" : "reject" };
}
