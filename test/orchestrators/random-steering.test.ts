/**
 * Random sequences of steering at random moments, often twice or at once with another: whatever people do, no item is
 * lost, the execution ends where something leads on, and what was acknowledged is in its record.
 */
import { expect, test } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import { type ExecutionView, viewExecution } from "../../src/commands/execution-view.js";
import { getPlan } from "../../src/commands/plans.js";
import { pauseExecution, resumeExecution, switchToUnplanned } from "../../src/commands/steer.js";
import { editExecution, extendWait, retryItems, skipSteps } from "../../src/commands/steering-acts.js";
import { RecoveryError } from "../../src/domain/errors.js";
import type { Execution } from "../../src/domain/execution.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import { pauseOf } from "../../src/domain/steering/in-force.js";
import { SteeringAction } from "../../src/domain/steering/steering.js";
import type { ItemOperation } from "../../src/hypervisor/port.js";
import { estateOf } from "../support/estates.js";
import { finish } from "../support/execution-driver.js";
import { VirtualApp } from "../support/virtual-app.js";

const MINUTE_MS = 60_000;
const SEEDS = Array.from({ length: 24 }, (_, at) => at + 1);
const VERBS = ["planned-failover", "unplanned-failover", "test-failover"] as const;
const POLICIES = [
  { onItemFailure: "ask", onActionFailure: "ask" },
  { onItemFailure: "continue", onActionFailure: "continue" },
] as const;
const FAULTY: readonly (ItemOperation | null)[] = ["shut-down-source", "start-replica", "promote-replica", null];

/** Numbers below a bound, the same for a seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_507) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

type Acted = SteeringAction | "cancel";

/** Does one thing to the execution, as the view of the moment offers it. */
async function act(app: VirtualApp, executionId: string, action: Acted): Promise<void> {
  const { context } = app;
  const by = { person: "ann", reason: `random ${action}` };
  const { allowedActions } = await viewExecution(context, executionId);
  const body = allowedActions.find((one) => one.action === action)?.call?.body ?? {};
  switch (action) {
    case "pause":
      return pauseExecution(context, executionId, by);
    case "resume":
      return resumeExecution(context, executionId, by);
    case "switch-to-unplanned":
      return switchToUnplanned(context, executionId, by);
    case "retry":
      return retryItems(context, executionId, { ...by, itemIds: undefined });
    case "skip":
      return skipSteps(context, executionId, { ...by, stepIds: (body["stepIds"] as string[]) ?? ["none"] });
    case "extend": {
      const { stepId = "none", until = "2026-01-01T00:00:00.000Z" } = body as { stepId?: string; until?: string };
      return extendWait(context, executionId, { ...by, stepId, until, minutes: 5 });
    }
    case "edit": {
      await app.changePlan((plan) => ({ ...plan, validation: { ...plan.validation, timeLimitMinutes: 300 } }));
      const { value } = await getPlan(context, app.planId);
      return editExecution(context, executionId, { ...by, planVersion: value.version });
    }
    case "cancel":
      return cancelExecution(context, executionId, { behaviour: "restore-protection", by: "ann", reason: undefined });
  }
}

const isRecorded = ({ steering = [], decisions = [], cancelRequest }: Execution, action: Acted): boolean => {
  if (action === "cancel") return cancelRequest !== undefined;
  // A skip of an action, and a retry that answers a question, are decisions.
  return steering.some((one) => one.action === action) || (/retry|skip/.test(action) && decisions.length > 0);
};

/** Starts a random verb, perhaps with a machine of which one operation is refused once, or hangs. */
async function begin(app: VirtualApp, random: (below: number) => number): Promise<string> {
  const estate = estateOf("azure-to-azure");
  const failurePolicy = Object.fromEntries(VERBS.map((verb) => [verb, POLICIES[random(POLICIES.length)]]));
  await app.load({ world: estate.world, plan: { ...estate.plan, failurePolicy } });
  const operation = FAULTY[random(FAULTY.length)] ?? null;
  const how = random(2) === 0 ? { mode: "refuse" as const, times: 1 } : { mode: "hang" as const };
  if (operation !== null) {
    await app.context.estate.addFault(app.worldId, { target: { itemId: "app" }, operation, ...how });
  }
  const verb = VERBS[random(VERBS.length)] ?? "planned-failover";
  return app.start(verb, verb === "test-failover" ? {} : { acknowledgeNoTest: true });
}

/** Steers at random moments, and returns what was acknowledged. Whatever was not must be a refusal. */
async function steerAtRandom(app: VirtualApp, executionId: string, random: (below: number) => number) {
  const acknowledged = new Set<Acted>();
  for (let turn = 0; turn < 14; turn += 1) {
    await app.pass((1 + random(8)) * MINUTE_MS);
    const actions: Acted[] = [...SteeringAction.options, ...(turn > 10 ? ["cancel" as const] : [])];
    const chosen = Array.from({ length: 1 + random(3) }, () => actions[random(actions.length)] ?? "pause");
    const made = await Promise.allSettled(chosen.map((action) => act(app, executionId, action)));
    for (const [at, one] of made.entries()) {
      if (one.status === "fulfilled") acknowledged.add(chosen[at] ?? "pause");
      else expect(one.reason).toBeInstanceOf(RecoveryError);
    }
  }
  return acknowledged;
}

/** Every item is free, runs or can be led on, and is written to at one site only. */
async function requireNothingLost(app: VirtualApp, { nextSteps }: ExecutionView): Promise<void> {
  for (const { itemId, heldBy, state } of await app.items()) {
    const { source, replica } = await app.context.estate.groundTruth(app.worldId, itemId);
    const leadsOn = nextSteps.some(({ itemIds }) => itemIds?.includes(itemId));
    expect(heldBy).toBeNull();
    expect(source.power === "on" || replica.power === "on" || leadsOn).toBe(true);
    expect(source.writable && replica.writable).toBe(false);
    expect(state === "protected" || leadsOn).toBe(true);
  }
}

test.each(SEEDS)("seed %i", async (seed) => {
  const random = randomOf(seed);
  const app = await VirtualApp.open({ replay: seed % 3 === 0 ? "every-step" : "normal" });
  const executionId = await begin(app, random);
  const acknowledged = await steerAtRandom(app, executionId, random);
  const { execution } = await viewExecution(app.context, executionId);
  if (pauseOf(execution) !== null) await act(app, executionId, "resume");
  const ended = await finish(app, executionId);
  expect(isEnded(ended.status)).toBe(true);
  for (const action of acknowledged) expect(`${action} ${isRecorded(ended.execution, action)}`).toBe(`${action} true`);
  await requireNothingLost(app, ended);
  await app.close();
});
