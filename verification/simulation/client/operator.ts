import { ExecutionOptions } from "../../../src/domain/execution.js";
import { mayStart, mayStartAlone } from "../../../src/domain/items/allowed-actions.js";
import type { ItemRecord } from "../../../src/domain/items/item-record.js";
import type { Plan, PlanInput } from "../../../src/domain/plans/plan.js";
import { planItemIds } from "../../../src/domain/plans/plan-rules.js";
import { usesOption } from "../../../src/domain/start/start-options.js";
import { Verb } from "../../../src/domain/vocabulary.js";
import { withApprovals } from "../generators/approvals.js";
import { withCommitTimer } from "../generators/commit-timers.js";
import { generatePlan } from "../generators/plans.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { type Environment, ifReadable } from "./environment.js";
import type { ClientRequest } from "./requests.js";

type Start = Extract<ClientRequest, { kind: "start" }>;

const WORKLOADS = { "plan-verb": 60, "item-verb": 14, "change-plan": 6, "change-target": 4, import: 2 };

/** The weight of each verb among those that are allowed. */
const VERB_WEIGHTS: Record<Verb, number> = {
  "test-failover": 6,
  "test-clean-up": 8,
  "planned-failover": 8,
  "unplanned-failover": 8,
  "change-recovery-point": 4,
  commit: 12,
  reprotect: 14,
  failback: 12,
  "planned-failback": 10,
  "cancel-failover": 6,
  "full-run": 4,
  "promote-test": 4,
  "disable-replication": 3,
  "enable-replication": 12,
  resynchronise: 2,
};

/** Does one thing that a user does, after a while. */
export async function runWorkload(environment: Environment, id: string, random: Random): Promise<void> {
  await sleep(environment.clock, random.skewed(1_000, 7_200_000));
  if (!environment.quiescing) await ifReadable(performWorkload(environment, id, random));
}

async function performWorkload(environment: Environment, id: string, random: Random): Promise<void> {
  switch (random.fork("kind").weighted(WORKLOADS)) {
    case "plan-verb":
      return startOnPlan(environment, id, random);
    case "item-verb":
      return startOnItem(environment, id, random);
    case "change-plan":
      return changePlan(environment, random);
    case "change-target":
      return changeTarget(environment, random);
    case "import":
      await environment.client.sendUntilKnown({ kind: "import-world", mode: "reset" }, random);
      return;
  }
}

async function startOnPlan(environment: Environment, id: string, random: Random): Promise<void> {
  const { plan } = await currentPlan(environment, random.pick(environment.plans));
  const items = await environment.directStore.findItems(environment.world.id, planItemIds(plan));
  const verb = verbFor(items, false, random);
  await startAndWait(environment, startOf(environment, id, verb, { kind: "plan", planId: plan.id }, random), random);
}

async function startOnItem(environment: Environment, id: string, random: Random): Promise<void> {
  const itemId = random.pick(environment.world.items ?? []).id;
  const items = await environment.directStore.findItems(environment.world.id, [itemId]);
  const verb = verbFor(items, true, random);
  await startAndWait(
    environment,
    startOf(environment, id, verb, { kind: "item", worldId: environment.world.id, itemId }, random),
    random,
  );
}

/** Usually a verb that some item allows, sometimes any verb. */
function verbFor(items: readonly ItemRecord[], alone: boolean, random: Random): Verb {
  const free = items.map((item) => ({ ...item, heldBy: null }));
  const allowed = Verb.options.filter((verb) =>
    free.some((item) => (alone ? mayStartAlone(item, verb, free) : mayStart(item, verb)).allowed),
  );
  if (allowed.length === 0 || random.chance(0.08)) return random.pick(Verb.options);
  return random.weighted<Verb>(Object.fromEntries(allowed.map((verb) => [verb, VERB_WEIGHTS[verb]])));
}

function startOf({ world }: Environment, id: string, verb: Verb, target: Start["target"], random: Random): Start {
  const kind = random.weighted({
    none: 8,
    latest: 2,
    "latest-processed": 2,
    "latest-app-consistent": 1,
    "latest-crash-consistent": 1,
  });
  const datastoreId = world.sites.flatMap(({ datastores = [] }) => datastores.map(({ id }) => id));
  const all = {
    ...(kind === "none" ? {} : { recoveryPoint: { kind } }),
    sourceShutdown: random.chance(0.3) ? "skip" : "attempt",
    acknowledgeNoTest: random.chance(0.95),
    reprotect: {
      waitForAgent: random.chance(0.7),
      ...(datastoreId.length === 0 || random.chance(0.1) ? {} : { datastoreId }),
    },
    ...choiceOfItems(world, target, random.fork("items")),
  };
  return { kind: "start", idempotencyKey: id, verb, target, options: usedOptions(verb, all) };
}

/** The options that the verb uses: others are refused. */
export function usedOptions(verb: Verb, all: object): ExecutionOptions {
  const used = Object.entries(all).filter(([name]) => usesOption(verb, name as keyof ExecutionOptions));
  return ExecutionOptions.parse(Object.fromEntries(used));
}

/** Sometimes a start on a plan leaves items out, or takes some only. */
function choiceOfItems(
  world: Environment["world"],
  { kind }: Start["target"],
  random: Random,
): Partial<Pick<ExecutionOptions, "only" | "without">> {
  const ids = (world.items ?? []).map(({ id }) => id);
  if (kind === "item" || ids.length < 2 || !random.chance(0.12)) return {};
  const some = [random.pick(ids)];
  return random.chance(0.5) ? { without: some } : { only: ids.filter((id) => !some.includes(id)) };
}

/** Runs a verb on the plan over all items, to its end. */
export async function runVerb(environment: Environment, id: string, verb: Verb, random: Random): Promise<void> {
  const planId = environment.plans[0]?.id ?? "";
  await startAndAwait(environment, startOf(environment, id, verb, { kind: "plan", planId }, random), random);
}

/** Starts an execution and waits for its end. */
export async function startAndAwait(environment: Environment, start: Start, random: Random): Promise<void> {
  const { executionId } = await environment.client.sendUntilKnown(start, random.fork("insist"));
  if (executionId !== null) await waitForEnd(environment, executionId);
}

/** Starts an execution, sometimes twice or followed by a cancel, and usually waits for its end. */
export async function startAndWait(environment: Environment, start: Start, random: Random): Promise<void> {
  const { client, clock } = environment;
  if (random.fork("prerequisites").chance(0.3)) {
    const { verb, target, options } = start;
    await client.send({ kind: "prerequisites", verb, target, options });
  }
  if (random.chance(0.15)) void sendDuplicate(environment, start, random.fork("twin"));
  const edit = random.fork("edit");
  if (edit.chance(0.15)) void ifReadable(changePlan(environment, edit)); // at the same time: the start runs the version that it read
  const { executionId } = await client.sendUntilKnown(start, random.fork("insist"));
  if (executionId === null) return;
  if (random.chance(0.25)) void cancelSoon(environment, executionId, random.fork("cancel"));
  const patience = sleep(clock, random.chance(0.75) ? 172_800_000 : random.skewed(1_000, 1_800_000));
  await Promise.race([patience, waitForEnd(environment, executionId)]);
}

async function waitForEnd(environment: Environment, executionId: string): Promise<void> {
  while (environment.journal.running.has(executionId) && !environment.quiescing) await environment.journal.change();
}

/**
 * Sends the same start again, at the same time or later. A start that was refused may begin now, so it is not sent
 * after the faults.
 */
async function sendDuplicate(environment: Environment, start: Start, random: Random): Promise<void> {
  const { client, clock } = environment;
  if (random.chance(0.5)) await sleep(clock, random.skewed(1, 3_600_000));
  if (environment.quiescing) return;
  const first = client.ledger.findLast(({ request }) => request === start);
  await client.send(start, first?.n ?? null);
}

async function cancelSoon({ client, clock }: Environment, executionId: string, random: Random): Promise<void> {
  await sleep(clock, random.skewed(10, 7_200_000));
  const behaviour = random.chance(0.75) ? "restore-protection" : "as-documented";
  const request = { kind: "cancel", executionId, behaviour } as const;
  await client.sendUntilKnown(request, random);
  if (!random.chance(0.2)) return;
  const other = behaviour === "as-documented" ? "restore-protection" : "as-documented";
  const changed = random.fork("changed").chance(0.5) ? ({ ...request, behaviour: other } as const) : request;
  await client.send(changed);
}

async function currentPlan(environment: Environment, { id }: PlanInput): Promise<{ plan: Plan; etag: string }> {
  const found = await environment.directStore.getPlan(id);
  if (!found) throw new Error(`the plan ${id} is gone`);
  return { plan: found.value.plan, etag: found.etag };
}

/** Replaces the plan by another one over the same items, with other groups, actions and policies. */
async function changePlan(environment: Environment, random: Random): Promise<void> {
  const { plan, etag } = await currentPlan(environment, random.pick(environment.plans));
  const ids = new Set(planItemIds(plan));
  const units = new Map<string, NonNullable<Environment["world"]["items"]>>();
  for (const item of (environment.world.items ?? []).filter((candidate) => ids.has(candidate.id))) {
    const key = item.replicationGroupId ?? item.id;
    units.set(key, [...(units.get(key) ?? []), item]);
  }
  const generated = generatePlan(plan.id, plan.worldId, [...units.values()], random.fork("changed"));
  const timed = environment.steering ? withCommitTimer(generated, random.fork("commit-timer")) : generated;
  const changed = environment.approving ? withApprovals(timed, random.fork("approvals")) : timed;
  await environment.client.sendUntilKnown({ kind: "save-plan", plan: changed, ifMatch: etag }, random);
}

async function changeTarget(environment: Environment, random: Random): Promise<void> {
  const itemId = random.pick(environment.world.items ?? []).id;
  await environment.client.send({ kind: "change-target", itemId, size: random.pick(["D4", "D8"]) });
}
