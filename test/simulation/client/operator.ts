import { ExecutionOptions } from "../../../src/domain/execution.js";
import type { ItemRecord } from "../../../src/domain/items/item-record.js";
import { mayDo } from "../../../src/domain/items/lifecycle.js";
import type { Plan, PlanInput } from "../../../src/domain/plans/plan.js";
import { planItemIds } from "../../../src/domain/plans/plan-rules.js";
import { Verb } from "../../../src/domain/vocabulary.js";
import { sleep } from "../machine/life.js";
import type { Random } from "../random.js";
import { planOf } from "../scene/plans.js";
import type { Asked } from "./requests.js";
import { shown, type Town } from "./town.js";

type Start = Extract<Asked, { kind: "start" }>;

const ERRANDS = { "plan-verb": 60, "item-verb": 14, "change-plan": 6, "change-target": 4, import: 2 };

/** How likely a verb is among those that are allowed. */
const TASTE: Record<Verb, number> = {
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

/** One thing a user does. Its id names it, so that shrinking can leave it out. */
export async function runErrand(town: Town, id: string, random: Random): Promise<void> {
  await sleep(town.clock, random.skewed(1_000, 7_200_000));
  if (!town.calm) await shown(doErrand(town, id, random));
}

async function doErrand(town: Town, id: string, random: Random): Promise<void> {
  switch (random.fork("kind").weighted(ERRANDS)) {
    case "plan-verb":
      return beginOnPlan(town, id, random);
    case "item-verb":
      return beginOnItem(town, id, random);
    case "change-plan":
      return changePlan(town, random);
    case "change-target":
      return changeTarget(town, random);
    case "import":
      await town.client.insist({ kind: "import-world" }, random);
      return;
  }
}

async function beginOnPlan(town: Town, id: string, random: Random): Promise<void> {
  const { plan } = await currentPlan(town, random.pick(town.plans));
  const items = await town.peek.getItems(town.world.id, planItemIds(plan));
  const verb = verbFor(items, false, random);
  await begin(town, startOf(town, id, verb, { kind: "plan", planId: plan.id }, random), random);
}

async function beginOnItem(town: Town, id: string, random: Random): Promise<void> {
  const itemId = random.pick(town.world.items ?? []).id;
  const items = await town.peek.getItems(town.world.id, [itemId]);
  const verb = verbFor(items, true, random);
  await begin(town, startOf(town, id, verb, { kind: "item", worldId: town.world.id, itemId }, random), random);
}

/** Mostly a verb that some item allows, now and then any. */
function verbFor(items: readonly ItemRecord[], alone: boolean, random: Random): Verb {
  const free = items.map((item) => ({ ...item, heldBy: null }));
  const allowed = Verb.options.filter((verb) => free.some((item) => mayDo(item, verb, { alone }).allowed));
  if (allowed.length === 0 || random.chance(0.08)) return random.pick(Verb.options);
  return random.weighted<Verb>(Object.fromEntries(allowed.map((verb) => [verb, TASTE[verb]])));
}

function startOf({ world }: Town, id: string, verb: Verb, target: Start["target"], random: Random): Start {
  const kind = random.weighted({
    none: 8,
    latest: 2,
    "latest-processed": 2,
    "latest-app-consistent": 1,
    "latest-crash-consistent": 1,
  });
  const datastoreId = world.sites.flatMap(({ datastores = [] }) => datastores)[0]?.id;
  const options = ExecutionOptions.parse({
    ...(kind === "none" ? {} : { recoveryPoint: { kind } }),
    sourceShutdown: random.chance(0.3) ? "skip" : "attempt",
    acknowledgeNoTest: random.chance(0.95),
    reprotect: {
      waitForAgent: random.chance(0.7),
      ...(datastoreId === undefined || random.chance(0.2) ? {} : { datastoreId }),
    },
  });
  return { kind: "start", idempotencyKey: id, verb, target, options };
}

/** Runs a verb on the plan over everything, to its end. */
export async function doVerb(town: Town, id: string, verb: Verb, random: Random): Promise<void> {
  const planId = town.plans[0]?.id ?? "";
  const start = startOf(town, id, verb, { kind: "plan", planId }, random);
  const { executionId } = await town.client.insist(start, random.fork("insist"));
  if (executionId !== null) await hasEnded(town, executionId);
}

/** Starts an execution, perhaps twice, perhaps to cancel it soon, and mostly waits for its end. */
async function begin(town: Town, start: Start, random: Random): Promise<void> {
  const { client, clock } = town;
  if (random.chance(0.15)) void twin(town, start, random.fork("twin"));
  const edit = random.fork("edit");
  if (edit.chance(0.15)) void shown(changePlan(town, edit)); // at the same moment: the start runs the version that it met
  const { executionId } = await client.insist(start, random.fork("insist"));
  if (executionId === null) return;
  if (random.chance(0.25)) void cancelSoon(town, executionId, random.fork("cancel"));
  const patience = sleep(clock, random.chance(0.75) ? 172_800_000 : random.skewed(1_000, 1_800_000));
  await Promise.race([patience, hasEnded(town, executionId)]);
}

async function hasEnded(town: Town, executionId: string): Promise<void> {
  while (town.journal.running.has(executionId) && !town.calm) await town.journal.change();
}

/**
 * The same start once more, at the same moment or later. One that was refused may begin now, so it does not come when
 * everything is to come to rest.
 */
async function twin(town: Town, start: Start, random: Random): Promise<void> {
  const { client, clock } = town;
  if (random.chance(0.5)) await sleep(clock, random.skewed(1, 3_600_000));
  if (town.calm) return;
  const first = client.ledger.findLast(({ asked }) => asked === start);
  await client.ask(start, first?.n ?? null);
}

async function cancelSoon({ client, clock }: Town, executionId: string, random: Random): Promise<void> {
  await sleep(clock, random.skewed(10, 7_200_000));
  const behaviour = random.chance(0.75) ? "restore-protection" : "as-documented";
  const asked: Asked = { kind: "cancel", executionId, behaviour };
  await client.insist(asked, random);
  if (random.chance(0.2)) await client.ask(asked);
}

async function currentPlan(town: Town, { id }: PlanInput): Promise<{ plan: Plan; etag: string }> {
  const found = await town.peek.getPlan(id);
  if (!found) throw new Error(`the plan ${id} is gone`);
  return { plan: found.value.plan, etag: found.etag };
}

/** The plan anew over the same items: other groups, actions and policies. */
async function changePlan(town: Town, random: Random): Promise<void> {
  const { plan, etag } = await currentPlan(town, random.pick(town.plans));
  const ids = new Set(planItemIds(plan));
  const units = new Map<string, NonNullable<Town["world"]["items"]>>();
  for (const item of (town.world.items ?? []).filter((candidate) => ids.has(candidate.id))) {
    const key = item.replicationGroupId ?? item.id;
    units.set(key, [...(units.get(key) ?? []), item]);
  }
  const changed = planOf(plan.id, plan.worldId, [...units.values()], random.fork("changed"));
  await town.client.insist({ kind: "save-plan", plan: changed, ifMatch: etag }, random);
}

async function changeTarget(town: Town, random: Random): Promise<void> {
  const itemId = random.pick(town.world.items ?? []).id;
  await town.client.ask({ kind: "change-target", itemId, size: random.pick(["D4", "D8"]) });
}
