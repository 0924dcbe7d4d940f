import { EventType, type HistoryEvent } from "../../host/durable/history.js";
import { transition } from "../../src/domain/items/lifecycle.js";
import { SCENARIO_TRAITS } from "../../src/domain/scenario-traits.js";
import { Direction, ItemState, Scenario, Verb } from "../../src/domain/vocabulary.js";
import type { ITEM_WORKFLOWS } from "../../src/orchestrators/items/index.js";
import { type Estate, estateOf, readyOptions } from "../support/estates.js";
import { finish } from "../support/execution-driver.js";
import { VirtualApp } from "../support/virtual-app.js";
import { smallPlan, smallWorld } from "../support/worlds.js";
import { DECISION_JOURNEYS } from "./decision-journeys.js";
import type { Circumstance, Journey } from "./journey.js";
import { JOURNEYS } from "./journeys.js";
import { PEOPLE_JOURNEYS } from "./people-journeys.js";
import { SCENARIO_JOURNEYS } from "./scenario-journeys.js";

/** What one orchestration went through. */
export interface Recording {
  name: string;
  history: HistoryEvent[];
}

/**
 * Every recording that must be there: of each verb in each direction that the transition table allows it in, and of
 * each item workflow in each direction of its verbs, in every scenario.
 */
export function requiredRecordings(): string[] {
  const verbs = Verb.options.flatMap((verb) =>
    directionsOf(verb, Scenario.options).map((direction) => `${verb}.${direction}`),
  );
  const items = Object.entries(VERBS_OF_WORKFLOWS).flatMap(([workflow, its]) =>
    Scenario.options.flatMap((scenario) =>
      [...new Set(its.flatMap((verb) => directionsOf(verb, [scenario])))].map(
        (direction) => `${workflow}.${direction}.${scenario}`,
      ),
    ),
  );
  return [...verbs, ...items].filter((name) => !UNREACHABLE.some((unreachable) => name.startsWith(unreachable)));
}

/** Protection begins at home, and a failback that cannot be tested leaves no test behind. */
const UNREACHABLE: readonly string[] = [
  "enable-replication.recovery-to-primary",
  "enable-item.recovery-to-primary",
  ...Scenario.options
    .filter((scenario) => !SCENARIO_TRAITS[scenario].testsFailback)
    .flatMap((scenario) =>
      ["clean-up-item", "promote-test-item"].map((workflow) => `${workflow}.recovery-to-primary.${scenario}`),
    ),
];

const VERBS_OF_WORKFLOWS: Record<keyof typeof ITEM_WORKFLOWS, readonly Verb[]> = {
  "release-source": ["planned-failover", "planned-failback"],
  "process-pending-item": ["planned-failover", "planned-failback"],
  "recover-item": ["planned-failover", "planned-failback"],
  "test-item": ["test-failover"],
  "clean-up-item": ["test-clean-up"],
  "revert-test-item": ["test-failover"],
  "repoint-item": ["change-recovery-point"],
  "commit-item": ["commit"],
  "restore-item": ["cancel-failover"],
  "reprotect-item": ["reprotect"],
  "promote-test-item": ["promote-test"],
  "disable-item": ["disable-replication"],
  "enable-item": ["enable-replication"],
  "resynchronise-item": ["resynchronise"],
};

const directionsOf = (verb: Verb, scenarios: readonly Scenario[]): Direction[] =>
  Direction.options.filter((direction) =>
    scenarios.some((scenario) =>
      ItemState.options.some((state) => transition(scenario, state, verb, direction).allowed && canBe(state)),
    ),
  );

/** A cancel of what is under way is the end of another execution, not an execution. */
const canBe = (state: ItemState): boolean => !state.endsWith("ing") && state !== "cleaning-up";

/** Goes on all journeys, and gives back the first history under each name. */
export async function recordAll(): Promise<Recording[]> {
  const byName = new Map<string, Recording>();
  for (const journey of [...JOURNEYS, ...DECISION_JOURNEYS, ...PEOPLE_JOURNEYS]) {
    for (const recording of await recordJourney(journey)) {
      if (!byName.has(recording.name)) byName.set(recording.name, recording);
    }
  }
  for (const journey of SCENARIO_JOURNEYS) {
    for (const recording of await recordJourney(journey)) {
      const [workflow = ""] = recording.name.split(".");
      if (Object.hasOwn(VERBS_OF_WORKFLOWS, workflow) && !byName.has(recording.name))
        byName.set(recording.name, recording);
    }
  }
  return [...byName.values()];
}

async function recordJourney(journey: Journey): Promise<Recording[]> {
  const { scenario, machines, plan = (given) => given, runs } = journey;
  const app = await VirtualApp.open();
  const estate = machines === undefined ? estateOf(scenario) : smallEstate(machines);
  await app.load({ ...estate, plan: plan(estate.plan) });
  const recordings: Recording[] = [];
  for (const [verb, circumstance] of runs) {
    const [{ direction } = { direction: "primary-to-recovery" }] = await app.items();
    const executionId = await run(app, verb, circumstance);
    const suffix = circumstance?.label === undefined ? direction : `${direction}.${circumstance.label}`;
    for (const { name, history, isRetry } of await historiesOf(app, executionId)) {
      recordings.push({ name: `${name}.${suffix}${isRetry ? ".again" : ""}`, history });
    }
  }
  await app.close();
  return recordings;
}

function smallEstate(machines: number): Estate {
  const ids = Array.from({ length: machines }, (_, at) => `item-${at + 1}`);
  return { world: smallWorld(machines), plan: smallPlan(ids) };
}

/** Runs a verb to its end under its circumstance. */
async function run(app: VirtualApp, verb: Verb, circumstance: Partial<Circumstance> = {}) {
  const { fault, before, meanwhile, answers, options, ends = "succeeded" } = circumstance;
  const { estate } = app.context;
  if (fault) await estate.addFault(app.worldId, { target: { itemId: "app" }, ...fault });
  await before?.(app);
  const executionId = await app.start(verb, { ...readyOptions(verb), ...options });
  await meanwhile?.(app, executionId);
  const { execution } = await finish(app, executionId, answers);
  await app.completed(executionId);
  if (execution.status !== ends) throw new Error(`${verb} ended ${execution.status}: ${JSON.stringify(execution)}`);
  await estate.clearFaults(app.worldId);
  return executionId;
}

/**
 * The histories of an execution: its own under the verb, those of its children under their item workflow. A child that
 * runs failed items again does other things than the first one, so it has a name of its own.
 */
async function historiesOf(app: VirtualApp, instanceId: string): Promise<(Recording & { isRetry: boolean })[]> {
  const history = (await app.hub.history(instanceId)) ?? [];
  const children: Awaited<ReturnType<typeof historiesOf>> = [];
  let name = "";
  let isRetry = false;
  for (const event of history) {
    if (event.EventType === EventType.ExecutionStarted) {
      const { workflow, items } = JSON.parse(event.Input ?? "{}") as {
        workflow?: string;
        items?: { attempt?: number }[];
      };
      name = workflow ?? event.Name;
      isRetry = (items?.[0]?.attempt ?? 1) > 1;
    } else if (event.EventType === EventType.SubOrchestrationInstanceCreated) {
      children.push(...(await historiesOf(app, event.InstanceId)));
    }
  }
  return [{ name, history, isRetry }, ...children];
}
