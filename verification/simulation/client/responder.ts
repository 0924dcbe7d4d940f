import type { PackedSteps } from "../../../src/durable/progress.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { type Environment, ifReadable, servingContext } from "./environment.js";
import type { ClientRequest } from "./requests.js";

/** The delay between a change and the look for executions that wait for a person. */
const REACTION_MS = 20_000;

/** Answers the questions of executions: sometimes wrongly, late or never, and immediately once the faults are over. */
export async function respond(environment: Environment, random: Random): Promise<void> {
  const seen = new Set<string>();
  for (;;) {
    await environment.journal.change();
    await sleep(environment.clock, REACTION_MS);
    for (const executionId of [...environment.journal.running])
      await look(environment, executionId, seen, random.fork(executionId));
  }
}

async function look(environment: Environment, executionId: string, seen: Set<string>, random: Random): Promise<void> {
  const looked = servingContext(environment)?.orchestrations.getStatus(executionId);
  const steps = (looked && (await ifReadable(looked)))?.steps ?? [];
  for (const stepId of awaited(steps)) {
    const key = `${environment.quiescing ? "calm" : "rough"}/${executionId}/${stepId}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const own = random.fork(key);
    if (environment.calm) void environment.client.sendUntilKnown(agreement(executionId, stepId), own);
    else if (environment.quiescing)
      void environment.client.sendUntilKnown(answerTo(executionId, stepId, true, own), own);
    else if (!own.chance(0.15)) void answerLater(environment, executionId, stepId, own);
  }
}

async function answerLater(
  environment: Environment,
  executionId: string,
  stepId: string,
  random: Random,
): Promise<void> {
  await sleep(environment.clock, random.skewed(1_000, 1_800_000));
  if (!environment.quiescing)
    await environment.client.sendUntilKnown(answerTo(executionId, stepId, false, random), random);
}

/** The steps that wait for a person now, according to their newest status. */
function awaited(steps: PackedSteps): string[] {
  const newest = new Map(steps.map(([id, status]) => [id, status]));
  return [...newest].flatMap(([id, status]) => (status === "awaiting-input" ? [id] : []));
}

/** The answer with which an execution goes on. */
function agreement(executionId: string, stepId: string): ClientRequest {
  const [kind, name = ""] = stepId.split("/");
  if (kind === "action") return { kind: "confirm", executionId, actionId: name, done: true };
  if (kind === "ask") return { kind: "resolve", executionId, ask: Number(name), answer: "retry" };
  return { kind: "validate", executionId, verdict: "accept" };
}

function answerTo(executionId: string, stepId: string, quiescing: boolean, random: Random): ClientRequest {
  const [kind, name = ""] = stepId.split("/");
  if (kind === "action") return { kind: "confirm", executionId, actionId: name, done: random.chance(0.85) };
  if (kind === "ask") {
    const answer = random.weighted(quiescing ? { skip: 1, stop: 1, undo: 1 } : { retry: 4, skip: 2, stop: 1, undo: 2 });
    return { kind: "resolve", executionId, ask: Number(name), answer };
  }
  return { kind: "validate", executionId, verdict: random.chance(0.8) ? "accept" : "reject" };
}
