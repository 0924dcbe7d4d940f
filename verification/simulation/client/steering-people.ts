import { type ExecutionView, viewExecution } from "../../../src/commands/execution-view.js";
import type { ExecutionAction } from "../../../src/domain/steering/allowed-steering.js";
import { pauseOf, planVersionOf } from "../../../src/domain/steering/in-force.js";
import { isAskStep } from "../../../src/steps/plan-steps.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { editedPlan } from "./edited-plan.js";
import { type Environment, ifReadable, servingContext } from "./environment.js";
import type { ClientRequest } from "./requests.js";
import type { SteeringAct } from "./steering-requests.js";

/** The delay between a change and the look for executions that may be steered. */
const REACTION_MS = 2_000;
/** Nobody who steers may approve, except one. */
const STEERERS = ["sam", "sam", "tom", "ann"];
const MOST_ACTS = 4;
const RETRY_LOOKS = 60;
const LONG_LOOK_MS = 1_800_000;

/** How often each is done, among those that the execution offers. */
const WEIGHTS: Readonly<Record<ExecutionAction, number>> = {
  pause: 4,
  resume: 8,
  retry: 5,
  skip: 5,
  edit: 4,
  "switch-to-unplanned": 3,
  extend: 3,
  "continue-without": 1,
  cancel: 1,
};

/** Steers running executions at any moment: as they offer it or not, twice, at once with another, or after their end. */
export async function steerExecutions(environment: Environment, random: Random): Promise<void> {
  const { journal, clock } = environment;
  const seen = new Set<string>();
  const resuming = new Set<string>();
  for (;;) {
    await journal.change();
    await sleep(clock, REACTION_MS);
    for (const executionId of [...journal.running]) {
      const own = random.fork(executionId);
      if (environment.quiescing) void resumeIfPaused(environment, executionId, resuming, own.fork("resume"));
      else if (!seen.has(executionId)) steerSomehow(environment, executionId, own);
      seen.add(executionId);
    }
  }
}

function steerSomehow(environment: Environment, executionId: string, random: Random): void {
  const acts = random.chance(0.3) ? 0 : random.int(1, MOST_ACTS);
  for (let act = 0; act < acts; act += 1) void steerLater(environment, executionId, random.fork(`act/${act}`));
  const retries = random.fork("retries");
  if (retries.chance(0.4)) void tryAgain(environment, executionId, retries);
}

/** Looks whether something failed that can be tried again, above all while a question about it is open, and asks for that. */
async function tryAgain(environment: Environment, executionId: string, random: Random): Promise<void> {
  const { journal, clock } = environment;
  for (let look = 0; look < RETRY_LOOKS && journal.running.has(executionId); look += 1) {
    await Promise.race([journal.change(), sleep(clock, LONG_LOOK_MS)]);
    await sleep(clock, random.skewed(5_000, 120_000));
    if (!(await isAsking(environment, executionId)) && random.chance(0.8)) continue;
    const context = servingContext(environment);
    const view = context && (await ifReadable(viewExecution(context, executionId)));
    const offered = view?.allowedActions.find(({ action, allowed }) => allowed && action === "retry");
    if (environment.quiescing || view === undefined) return;
    if (offered === undefined || random.chance(0.3)) continue;
    const request = await requestOf(environment, view, { action: "retry", body: offered.call?.body ?? {} }, random);
    if (request !== undefined) await sendSomehow(environment, request, random.fork(`retry/${look}`));
  }
}

/** Whether a question about a failure is open. */
async function isAsking(environment: Environment, executionId: string): Promise<boolean> {
  const looked = servingContext(environment)?.orchestrations.getStatus(executionId);
  const steps = (looked && (await ifReadable(looked)))?.steps ?? [];
  return steps.some(([id, status]) => isAskStep(id) && status === "awaiting-input");
}

/** Once the faults are over, nothing stays paused. */
async function resumeIfPaused(
  environment: Environment,
  executionId: string,
  resuming: Set<string>,
  random: Random,
): Promise<void> {
  if (resuming.has(executionId)) return;
  resuming.add(executionId);
  const found = await ifReadable(environment.directStore.getExecution(executionId));
  if (found && pauseOf(found.value) !== null) await environment.client.sendUntilKnown(resume(executionId), random);
  resuming.delete(executionId);
}

const resume = (executionId: string): ClientRequest => ({
  ...{ kind: "steer", executionId, person: "sam" },
  act: { action: "resume" },
});

async function steerLater(environment: Environment, executionId: string, random: Random): Promise<void> {
  await sleep(environment.clock, random.skewed(100, 10_800_000));
  const request = await ifReadable(requestFor(environment, executionId, random));
  if (request === undefined || environment.quiescing) return;
  await sendSomehow(environment, request, random.fork("send"));
  if (request.kind !== "steer" || request.act.action !== "pause") return;
  await sleep(environment.clock, random.skewed(60_000, 28_800_000));
  if (!environment.quiescing) await environment.client.sendUntilKnown(resume(executionId), random);
}

/** Once, twice, at the same time as another act, or again much later: then the execution may have ended. */
async function sendSomehow(environment: Environment, request: ClientRequest, random: Random): Promise<void> {
  const { client, clock } = environment;
  const how = random.weighted({ once: 10, twice: 3, "with-another": 3, "again-later": 4 });
  if (how === "twice") void client.send(request);
  if (how === "with-another") void sendAnother(environment, request, random.fork("another"));
  const sent = await client.sendUntilKnown(request, random);
  if (how !== "again-later") return;
  await sleep(clock, random.skewed(1_000, 14_400_000));
  if (!environment.quiescing) await client.send(request, sent.n);
}

async function sendAnother(environment: Environment, request: ClientRequest, random: Random): Promise<void> {
  if (!("executionId" in request)) return;
  const other = await ifReadable(requestFor(environment, request.executionId, random));
  if (other !== undefined) await environment.client.send(other);
}

/** What somebody asks for who looks at the execution: mostly what it offers, sometimes what it does not. */
async function requestFor(
  environment: Environment,
  executionId: string,
  random: Random,
): Promise<ClientRequest | undefined> {
  const context = servingContext(environment);
  const view = context && (await ifReadable(viewExecution(context, executionId)));
  if (view === undefined) return undefined;
  const offered = view.allowedActions.filter(({ allowed }) => allowed);
  const wrong = offered.length === 0 || random.chance(0.12);
  const weights = Object.fromEntries(offered.map(({ action }) => [action, WEIGHTS[action]]));
  const action = wrong
    ? random.pick(Object.keys(WEIGHTS) as ExecutionAction[])
    : random.weighted<ExecutionAction>(weights);
  const body = wrong ? {} : (offered.find((one) => one.action === action)?.call?.body ?? {});
  return requestOf(environment, view, { action, body }, random);
}

interface Wanted {
  action: ExecutionAction;
  body: Record<string, unknown>;
}

async function requestOf(
  environment: Environment,
  view: ExecutionView,
  { action, body }: Wanted,
  random: Random,
): Promise<ClientRequest | undefined> {
  const { executionId } = view.execution;
  const person = random.pick(STEERERS);
  const steer = (act: SteeringAct): ClientRequest => ({ kind: "steer", executionId, person, act });
  switch (action) {
    case "cancel":
      return { kind: "cancel", executionId, behaviour: "restore-protection" };
    case "continue-without":
      return { kind: "continue-without", executionId, itemIds: body["itemIds"] as string[] | undefined };
    case "retry":
      return steer({ action, itemIds: random.chance(0.5) ? undefined : (body["itemIds"] as string[] | undefined) });
    case "skip":
      return steer({ action, stepIds: stepsToSkip(view, body, random) });
    case "extend":
      return steer({ action, ...waitToExtend(view, body, random), minutes: random.pick([5, 60]) });
    case "edit": {
      const planVersion = await versionToRun(environment, view, random);
      return planVersion === undefined ? undefined : steer({ action, planVersion });
    }
    default:
      return steer({ action });
  }
}

/** Some of the steps that the execution offers, or one that nobody may skip. */
function stepsToSkip({ execution }: ExecutionView, body: Wanted["body"], random: Random): string[] {
  const offered = (body["stepIds"] as string[] | undefined) ?? [];
  const itemId = execution.itemIds[0] ?? "";
  return offered.length === 0
    ? [`groups/g0/items/${itemId}/promote-replica`]
    : random.shuffled(offered).slice(0, random.int(1, offered.length));
}

function waitToExtend({ awaits }: ExecutionView, body: Wanted["body"], random: Random) {
  const { stepId, until } = body as { stepId?: string; until?: string };
  const others = awaits.flatMap((one) =>
    one.stepId !== null && one.until !== null ? [[one.stepId, one.until] as const] : [],
  );
  const [otherStep = "validation", otherEnd = "2026-01-01T00:00:00.000Z"] =
    others.length > 0 ? random.pick(others) : [];
  return { stepId: stepId ?? otherStep, until: until ?? otherEnd };
}

/** Saves an edited version of the plan that the execution runs, and names it; sometimes one that cannot be run. */
async function versionToRun(
  environment: Environment,
  { execution }: ExecutionView,
  random: Random,
): Promise<number | undefined> {
  if (execution.subject.kind !== "plan") return 1;
  const { planId } = execution.subject;
  const now = planVersionOf(execution);
  if (random.chance(0.1)) return random.pick([1, now, now + 50]);
  const running = await environment.directStore.getPlanVersion(planId, now);
  const newest = await environment.directStore.getPlan(planId);
  if (!running || !newest) return undefined;
  const plan = editedPlan(running.plan, random.fork("plan"));
  const saved = await environment.client.sendUntilKnown({ kind: "save-plan", plan, ifMatch: newest.etag }, random);
  if (saved.outcome !== "ok") return undefined;
  return (saved.answer as { value: { version: number } }).value.version;
}
