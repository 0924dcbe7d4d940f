import { EventType, type HistoryEvent } from "../../host/durable/history.js";
import { cancelExecution } from "../../src/commands/decisions.js";
import type { ExecutionOptions } from "../../src/domain/execution.js";
import { transition } from "../../src/domain/items/lifecycle.js";
import {
  Direction,
  type ExecutionStatus,
  FailoverType,
  type FailureAnswer,
  ItemState,
  type OnFailure,
  Scenario,
  Verb,
} from "../../src/domain/vocabulary.js";
import type { FaultInput } from "../../src/hypervisor/port.js";
import type { ITEM_WORKFLOWS } from "../../src/orchestrators/items/index.js";
import { type Answers, Stage } from "../orchestrators/support/stage.js";
import { type Estate, estateOf } from "../worlds/there-and-back.js";

/** What one orchestration went through. */
export interface Recording {
  name: string;
  history: HistoryEvent[];
}

const HOME: Partial<ExecutionOptions> = {
  acknowledgeNoTest: true,
  reprotect: { location: "original", waitForAgent: true, datastoreId: "ssd" },
};

/** What a run of a verb meets, beside what always happens. The label stands in the names of its recordings. */
interface Circumstance {
  label: string;
  /** Meets the operations of one item, unless it has another target. */
  fault?: Omit<FaultInput, "target"> & Partial<Pick<FaultInput, "target">>;
  /** Cancelled once the operation has hung for ten minutes. */
  cancelled?: "restore-protection" | "as-documented";
  answers?: Answers;
  options?: Partial<ExecutionOptions>;
  /** How the execution ends; `succeeded` when missing. */
  ends?: ExecutionStatus;
}
type Run = readonly [Verb, Circumstance?];

/** Verbs that are run one after the other on one estate. */
interface Journey {
  scenario: Scenario;
  plan?: (plan: Estate["plan"]) => Estate["plan"];
  runs: readonly Run[];
}

const hangs = (operation: FaultInput["operation"]) => ({ operation, mode: "hang" }) as const;
const refuses = (operation: FaultInput["operation"]) => ({ operation, mode: "refuse", times: 1 }) as const;
const fails = (operation: FaultInput["operation"]) => ({ operation, mode: "fail-before", times: 2 }) as const;

const ASKED_OF: readonly Verb[] = ["test-failover", "planned-failover", "unplanned-failover", "full-run"];
const asks = (onItemFailure: OnFailure) => (plan: Estate["plan"]) => ({
  ...plan,
  failurePolicy: Object.fromEntries(ASKED_OF.map((verb) => [verb, { onItemFailure, onActionFailure: onItemFailure }])),
});
const answered = (...failures: FailureAnswer[]): Pick<Circumstance, "answers"> => ({ answers: { failures } });

/** The shutdown in reverse order, manual actions at every place that has some, and questions about failures. */
const withActions = (plan: Estate["plan"]): Estate["plan"] => {
  const failoverTypes = [...FailoverType.options];
  const action = (id: string) => ({ id, name: id, kind: "manual" as const, failoverTypes, instructions: "Look." });
  return {
    ...asks("ask")(plan),
    shutdown: { order: "reverse-group-order", before: [action("before-shutdown")], after: [action("after-shutdown")] },
    groups: plan.groups.map((group) => ({
      ...group,
      before: [action(`before-${group.id}`)],
      after: [action(`after-${group.id}`)],
    })),
  };
};

/** Nobody listens there: a delivery fails at once and in the same words everywhere. */
const UNHEARD = "http://127.0.0.1:9/hook";

/** Notifications and a webhook that nobody receives, and machines that are probed. */
const withWebhooks = (plan: Estate["plan"]): Estate["plan"] => ({
  ...plan,
  notifications: [{ url: UNHEARD }],
  groups: plan.groups.map((group) => ({
    ...group,
    before: [
      {
        id: `hook-${group.id}`,
        name: group.id,
        kind: "webhook" as const,
        failoverTypes: [...FailoverType.options],
        url: UNHEARD,
        retries: 1,
        onFailure: "continue" as const,
      },
    ],
    items: group.items.map((item) => ({ ...item, probes: [{ kind: "power" as const }] })),
  })),
});

const AWAY = { target: { siteId: "away" }, mode: "refuse" } as const;
const networkStays: Circumstance = {
  label: "network-left",
  fault: { ...AWAY, operation: "remove-test-network" },
  ends: "succeeded-with-failures",
};
const nothingPromoted: Circumstance = { label: "refused", fault: AWAY, ends: "failed" };
const networkGoes: Circumstance = { label: "network-left" };

const JOURNEYS: readonly Journey[] = [
  {
    scenario: "vmware-to-azure",
    runs: [
      ["test-failover"],
      ["test-clean-up"],
      ["planned-failover"],
      ["change-recovery-point"],
      ["commit"],
      ["reprotect"],
      ["failback"],
      ["commit"],
      ["reprotect"],
      ["resynchronise"],
      ["disable-replication"],
      ["enable-replication"],
    ],
  },
  {
    scenario: "hyperv-to-hyperv",
    runs: [
      ["full-run"],
      ["resynchronise"],
      [
        "test-failover",
        { label: "cancelled", fault: hangs("start-test-copy"), cancelled: "restore-protection", ends: "cancelled" },
      ],
      ["test-failover"],
      ["test-clean-up"],
      ["planned-failback"],
      ["change-recovery-point"],
      ["cancel-failover"],
      ["test-failover"],
      ["promote-test"],
      ["commit"],
      ["disable-replication"],
    ],
  },
  { scenario: "hyperv-to-hyperv", runs: [["full-run"], ["full-run"]] },
  { scenario: "azure-to-azure", runs: [["test-failover"], ["promote-test"], ["cancel-failover"]] },
  {
    scenario: "azure-to-azure",
    runs: [
      ["unplanned-failover"],
      ["cancel-failover"],
      [
        "test-failover",
        { label: "cancelled", fault: hangs("start-test-copy"), cancelled: "restore-protection", ends: "cancelled" },
      ],
      ["planned-failover", { label: "rejected", answers: { verdict: "reject" }, ends: "failed" }],
      ["planned-failover", { label: "retried-faults", fault: fails("promote-replica") }],
      ["cancel-failover", { label: "retried-faults", fault: fails("restart-source") }],
      ["planned-failover", { label: "shutdown-refused", fault: refuses("shut-down-source"), ends: "failed" }],
      ["unplanned-failover", { label: "shutdown-refused", fault: refuses("shut-down-source") }],
      ["cancel-failover"],
      [
        "unplanned-failover",
        { label: "failed-step", fault: refuses("start-replica"), ends: "succeeded-with-failures" },
      ],
      ["unplanned-failover"],
      [
        "commit",
        { label: "lost-answer", fault: { operation: "delete-recovery-points", mode: "fail-after", times: 9 } },
      ],
    ],
  },
  {
    scenario: "azure-to-azure",
    runs: [
      [
        "planned-failover",
        { label: "woken", fault: hangs("shut-down-source"), cancelled: "restore-protection", ends: "cancelled" },
      ],
      [
        "unplanned-failover",
        { label: "stopped", fault: hangs("promote-replica"), cancelled: "as-documented", ends: "cancelled" },
      ],
      ["unplanned-failover", { label: "source-left-alone", options: { sourceShutdown: "skip" } }],
    ],
  },
  {
    scenario: "azure-to-azure",
    plan: withActions,
    runs: [
      ["planned-failover", { label: "retried", fault: refuses("start-replica"), ...answered("retry") }],
      ["cancel-failover"],
      ["planned-failover", { label: "shutdown-retried", fault: refuses("final-synchronise"), ...answered("retry") }],
      ["cancel-failover"],
      [
        "planned-failover",
        { label: "skipped", fault: refuses("shut-down-source"), ...answered("skip"), ends: "succeeded-with-failures" },
      ],
      ["cancel-failover"],
      ["test-failover", { label: "retried", fault: refuses("start-test-copy"), ...answered("retry") }],
      ["test-clean-up"],
      ["planned-failover", { label: "undone", fault: refuses("start-replica"), ...answered("undo"), ends: "failed" }],
      ["planned-failover", { label: "declined", answers: { done: false, failures: ["undo"] }, ends: "failed" }],
    ],
  },
  {
    scenario: "azure-to-azure",
    runs: [
      ["test-failover"],
      ["promote-test", networkStays],
      ["cancel-failover", networkGoes],
      ["test-failover"],
      ["promote-test", nothingPromoted],
      ["unplanned-failover", networkGoes],
      ["cancel-failover"],
      ["test-failover"],
      ["promote-test", nothingPromoted],
      ["planned-failover", networkGoes],
      ["cancel-failover"],
      ["test-failover"],
      ["promote-test", networkStays],
      ["commit", networkGoes],
    ],
  },
  {
    scenario: "azure-to-azure",
    plan: withWebhooks,
    runs: [
      ["test-failover", { label: "with-webhooks", ends: "succeeded-with-failures" }],
      ["test-clean-up"],
      ["planned-failover", { label: "with-webhooks", ends: "succeeded-with-failures" }],
    ],
  },
  { scenario: "vmware-to-azure", plan: withActions, runs: [["full-run", { label: "with-actions" }]] },
  {
    scenario: "vmware-to-azure",
    runs: [
      ["unplanned-failover"],
      ["commit"],
      ["reprotect", { label: "failed-step", fault: refuses("reverse-replication"), ends: "succeeded-with-failures" }],
      ["reprotect"],
      ["planned-failback", { label: "rejected", answers: { verdict: "reject" }, ends: "failed" }],
    ],
  },
];

/**
 * Every recording that must be there: of each verb in each direction that the transition table allows it in, and of
 * each item workflow in each direction of its verbs.
 */
export function requiredRecordings(): string[] {
  const verbs = Verb.options.flatMap((verb) => directionsOf(verb).map((direction) => `${verb}.${direction}`));
  const items = Object.entries(VERBS_OF_WORKFLOWS).flatMap(([workflow, its]) =>
    [...new Set(its.flatMap(directionsOf))].map((direction) => `${workflow}.${direction}`),
  );
  return [...verbs, ...items].filter((name) => !UNREACHABLE.has(name));
}

/** An unprotected item replicates nowhere; protection always begins at home. */
const UNREACHABLE: ReadonlySet<string> = new Set([
  "enable-replication.recovery-to-primary",
  "enable-item.recovery-to-primary",
]);

const VERBS_OF_WORKFLOWS: Record<keyof typeof ITEM_WORKFLOWS, readonly Verb[]> = {
  "release-source": ["planned-failover", "planned-failback"],
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

const directionsOf = (verb: Verb): Direction[] =>
  Direction.options.filter((direction) =>
    Scenario.options.some((scenario) =>
      ItemState.options.some((state) => transition(scenario, state, verb, direction).allowed && canBe(state)),
    ),
  );

/** A cancel of what is under way is the end of another execution, not an execution. */
const canBe = (state: ItemState): boolean => !state.endsWith("ing") && state !== "cleaning-up";

/** Goes on all journeys, and gives back the first history under each name. */
export async function recordAll(): Promise<Recording[]> {
  const byName = new Map<string, Recording>();
  for (const journey of JOURNEYS) {
    for (const recording of await recordJourney(journey)) {
      if (!byName.has(recording.name)) byName.set(recording.name, recording);
    }
  }
  return [...byName.values()];
}

async function recordJourney({ scenario, plan = (given) => given, runs }: Journey): Promise<Recording[]> {
  const stage = await Stage.open();
  const estate = estateOf(scenario);
  await stage.load({ ...estate, plan: plan(estate.plan) });
  const recordings: Recording[] = [];
  for (const [verb, circumstance] of runs) {
    const { direction } = await stage.item("app");
    const executionId = await run(stage, verb, circumstance);
    const suffix = circumstance === undefined ? direction : `${direction}.${circumstance.label}`;
    for (const { name, history } of await historiesOf(stage, executionId)) {
      recordings.push({ name: `${name}.${suffix}`, history });
    }
  }
  await stage.close();
  return recordings;
}

/** Runs a verb to its end under its circumstance. */
async function run(stage: Stage, verb: Verb, circumstance: Partial<Circumstance> = {}) {
  const { fault, cancelled, answers, options, ends = "succeeded" } = circumstance;
  const { estate } = stage.context;
  if (fault) await estate.addFault(stage.worldId, { target: { itemId: "app" }, ...fault });
  const executionId = await stage.start(verb, { ...HOME, ...options });
  if (cancelled) {
    await stage.pass(3 * 3_600_000);
    await cancelExecution(stage.context, executionId, { behaviour: cancelled, by: "tester", reason: undefined });
  }
  const { execution } = await stage.finish(executionId, answers);
  if (execution.status !== ends) throw new Error(`${verb} ended ${execution.status}: ${JSON.stringify(execution)}`);
  await estate.clearFaults(stage.worldId);
  return executionId;
}

/** The histories of an execution: its own under the verb, those of its children under their item workflow. */
async function historiesOf(stage: Stage, instanceId: string): Promise<Recording[]> {
  const history = (await stage.hub.history(instanceId)) ?? [];
  const children: Recording[] = [];
  let name = "";
  for (const event of history) {
    if (event.EventType === EventType.ExecutionStarted) {
      const { workflow } = JSON.parse(event.Input ?? "{}") as { workflow?: string };
      name = workflow ?? event.Name;
    } else if (event.EventType === EventType.SubOrchestrationInstanceCreated) {
      children.push(...(await historiesOf(stage, event.InstanceId)));
    }
  }
  return [{ name, history }, ...children];
}
