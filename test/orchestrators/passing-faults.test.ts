/**
 * A fault that passes is retried and nobody sees it. Every call that an activity makes to the store or to a hypervisor
 * fails once: an activity that answers such a fault with a refusal, or that has fewer retries than calls, fails here.
 */
import { RestError } from "@azure/data-tables";
import { afterEach, describe, expect, test } from "vitest";
import type { ActivityCall, ActivityEnd } from "../../host/durable/engine/index.js";
import { ACTIVITIES } from "../../src/activities/index.js";
import { STEP_ACTIVITIES } from "../../src/activities/steps.js";
import { cancelExecution } from "../../src/commands/decisions.js";
import { pauseExecution, resumeExecution } from "../../src/commands/steer.js";
import { RecoveryError } from "../../src/domain/errors.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { Scenario, Verb } from "../../src/domain/vocabulary.js";
import type { StepResult } from "../../src/durable/fiber-scheduler.js";
import type { Ports } from "../../src/ports.js";
import { createMemoryTables } from "../../src/store/tables/memory-tables.js";
import type { Table, Tables } from "../../src/store/tables/port.js";
import { approvalAwaited, decideAs, TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { estateOf, readyOptions } from "../support/estates.js";
import { finish } from "../support/execution-driver.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

/** Together they run every step of every item workflow. */
const JOURNEYS: readonly (readonly [Scenario, Verb[]])[] = [
  [
    "vmware-to-azure",
    ["test-failover", "test-clean-up", "planned-failover", "change-recovery-point", "cancel-failover"],
  ],
  ["vmware-to-azure", ["unplanned-failover", "commit", "reprotect", "planned-failback", "commit", "reprotect"]],
  ["azure-to-azure", ["test-failover", "promote-test", "cancel-failover", "resynchronise", "full-run"]],
  ["azure-to-azure", ["disable-replication", "enable-replication", "test-failover", "promote-test", "commit"]],
  ["hyperv-to-hyperv", ["planned-failover", "commit", "reprotect", "failback", "cancel-failover"]],
  ["physical-to-azure", ["planned-failover", "commit", "reprotect", "failback", "commit", "disable-replication"]],
];

interface PassingFault {
  store: () => Error;
  hypervisor: () => Error;
  /** The call took effect, and only its answer is lost. */
  after?: boolean;
}

const PASSING_FAULTS: Record<string, PassingFault> = {
  "a busy service": {
    store: () => new RestError("The server is busy.", { statusCode: 503, code: "ServerBusy" }),
    hypervisor: () => new RecoveryError("operation-failed", "the hypervisor is busy"),
  },
  "a lost connection": {
    store: () => new RestError("read ECONNRESET", { code: "REQUEST_SEND_ERROR" }),
    hypervisor: () => new RecoveryError("site-unreachable", "the site does not answer"),
  },
  "a time-out of the network": {
    store: () => Object.assign(new Error("connect ETIMEDOUT"), { code: "ETIMEDOUT" }),
    hypervisor: () => Object.assign(new Error("connect ETIMEDOUT"), { code: "ETIMEDOUT" }),
  },
  "an answer that is lost": {
    store: () => new RestError("the connection was lost", { code: "REQUEST_SEND_ERROR" }),
    hypervisor: () => new RecoveryError("site-unreachable", "the site does not answer"),
    after: true,
  },
};

/**
 * Steps carry the faults of a batch, and the choice of points those of the data that it processes. A webhook is retried
 * by its workflow, as its action says. Notifications and asks for approval hold nothing up, and their next attempt notes
 * what this one did not. The end of a commit timer looks again at machines that it could not look at.
 */
const MEETS_NONE: ReadonlySet<string> = new Set([
  "execute-batch",
  "process-pending-data",
  "call-webhook",
  "ask-for-approval",
  "probe-machines",
]);

const HOUR_MS = 3_600_000;
const AT = "2026-01-01T06:00:00.000Z";

type Method = (...args: unknown[]) => Promise<unknown>;

/** Times, hashes of what has times in it, and places in the log, which a repetition finds further on. */
const TIMES = /\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{64}|"seq":\d+/g;

/** Each call of an activity with the same arguments, but for times, fails the first time. */
function failingOnce<T extends object>(
  port: T,
  fault: () => Error,
  after: boolean,
  label: string,
  met: Set<string>,
): T {
  return new Proxy(port, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as Method;
      return async (...args: unknown[]) => {
        const call = JSON.stringify([label, String(name), args]).replaceAll(TIMES, "");
        const fails = !met.has(call);
        met.add(call);
        if (fails && !after) throw fault();
        const answer = await method(...args);
        if (fails) throw fault();
        return answer;
      };
    },
  });
}

function faulty({ store, hypervisor, after = false }: PassingFault): (ports: Ports, call: ActivityCall) => Ports {
  const met = new Set<string>();
  return (ports, { name, input }) => {
    const { steps = [] } = JSON.parse(input ?? "{}") as { steps?: { step: string }[] };
    const label = [name, ...new Set(steps.map(({ step }) => step))].join(" ");
    return {
      ...ports,
      store: failingOnce(ports.store, store, after, label, met),
      hypervisor: failingOnce(ports.hypervisor, hypervisor, after, label, met),
    };
  };
}

/** The activities that met a fault, and the steps of a batch that did. */
function faultsMetBy({ name, input }: ActivityCall, end: ActivityEnd): string[] {
  if (!end.ok) return [name];
  if (name !== "execute-batch") return [];
  const { value } = JSON.parse(end.result ?? "null") as { value: { answers: { step: string; result: StepResult }[] } };
  if (value.answers.length === 0) throw new Error(`no answers to ${input}`);
  return value.answers.flatMap(({ step, result }) => ("fault" in result ? [step] : []));
}

const withProbes = (plan: PlanInput): PlanInput => ({
  ...plan,
  groups: plan.groups.map((group) => ({
    ...group,
    items: group.items.map((item) => ({ ...item, probes: [{ kind: "power" as const }] })),
  })),
});

async function succeeds(verb: Verb): Promise<void> {
  const { execution } = await app.run(verb, readyOptions(verb));
  if (!isEnded(execution.status) || !("outcomes" in execution)) throw new Error(`${verb} has not ended`);
  await app.pass(60_000); // the record has ended, and the release of its items meets faults too
  const outcomes = execution.outcomes.map(({ outcome }) => outcome);
  expect([verb, ...outcomes]).toEqual([verb, ...execution.itemIds.map(() => "succeeded")]);
}

describe.each(Object.entries(PASSING_FAULTS))("%s passes", (_, fault) => {
  const met = new Set<string>();

  async function open(scenario: Scenario, change: Partial<PlanInput> = {}): Promise<void> {
    const onActivity = (call: ActivityCall, end: ActivityEnd): void => {
      for (const name of faultsMetBy(call, end)) met.add(name);
    };
    app = await VirtualApp.open({ activities: faulty(fault), onActivity });
    const estate = estateOf(scenario);
    await app.load({ ...estate, plan: { ...withProbes(estate.plan), ...change } });
  }

  test.each(JOURNEYS)("%s: %s", async (scenario, verbs) => {
    await open(scenario);
    for (const verb of verbs) await succeeds(verb);
  });

  test("while the estate is asked whether a failed step is done", async () => {
    await open("azure-to-azure");
    await succeeds("planned-failover");
    const { estate } = app.context;
    const lost = { operation: "delete-recovery-points", mode: "fail-after", times: 9 } as const;
    await estate.addFault(app.worldId, { target: { itemId: "app" }, ...lost });
    await succeeds("commit");
  });

  test("while a cancel is looked up whose event was lost", async () => {
    await open("azure-to-azure");
    const { estate, store } = app.context;
    await estate.addFault(app.worldId, { target: { itemId: "app" }, operation: "promote-replica", mode: "hang" });
    const executionId = await app.start("planned-failover", readyOptions("planned-failover"));
    await app.pass(HOUR_MS);
    const found = await store.getExecution(executionId);
    if (found === null) throw new Error("there is no such execution");
    const cancelRequest = { behaviour: "restore-protection", requestedBy: "tester", requestedAt: AT } as const;
    await store.updateExecution({ ...found.value, cancelRequest }, found.etag);
    const { execution } = await app.ended(executionId);
    expect(execution.status).toBe("cancelled");
    expect(await app.states()).toEqual(["protected"]);
  });

  test("while a question is closed that nobody answered", async () => {
    await open("azure-to-azure", { validation: { required: true, timeLimitMinutes: 60, onExpiry: "undo" } });
    const executionId = await app.start("planned-failover", readyOptions("planned-failover"));
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({ status: "failed", failure: { code: "validation-rejected" } });
    expect(await app.states()).toEqual(["protected"]);
  });

  test("while people are asked, steer, and leave the end to a timer", async () => {
    const people = { roles: ["approver" as const] };
    const asked = { ...TWO_BEFORE_START, needed: 1, escalation: { afterMinutes: 30, approvers: people } };
    const timer = { afterMinutes: 60, onExpiry: "probes" as const, warnMinutesBefore: [] };
    await open("azure-to-azure", {
      approvals: withApprovals(asked)(estateOf("azure-to-azure").plan).approvals,
      commitTimer: timer,
    });
    const dropped = await app.start("planned-failover", readyOptions("planned-failover"));
    await approvalAwaited(app, dropped);
    await cancelExecution(app.context, dropped, { behaviour: "as-documented", by: "tester", reason: undefined });
    await app.completed(dropped);
    const executionId = await app.start("planned-failover", readyOptions("planned-failover"));
    const { approvalId } = await approvalAwaited(app, executionId);
    await app.pass(HOUR_MS);
    await pauseExecution(app.context, executionId, { person: "ann", reason: "lunch" });
    await decideAs(app, "ann", approvalId);
    await app.pass(HOUR_MS);
    await resumeExecution(app.context, executionId, { person: "ann", reason: "" });
    await finish(app, executionId);
    await app.completed(executionId);
    await app.pass(HOUR_MS);
    expect(await app.states()).toEqual(["committed"]);
  });

  test("every activity and every step met it", () => {
    const all = [...ACTIVITIES, ...STEP_ACTIVITIES].map(({ name }) => name);
    expect(all.filter((name) => !met.has(name) && !MEETS_NONE.has(name))).toEqual([]);
  });
});

/** Before every second change of a row, another writer writes the row, so that the change loses the race. */
function contested(tables: Tables): { tables: Tables; races: Set<string>; from: () => void } {
  const races = new Set<string>();
  let isContested = false;
  const changes = new Map<string, number>();
  const isNext = (place: string): boolean => {
    const count = (changes.get(place) ?? 0) + 1;
    changes.set(place, count);
    return count % 2 === 1;
  };
  const contestedTable = (name: string): Table => {
    const table = tables.table(name);
    return {
      ...table,
      transact: async (partition, operations) => {
        const [first] = operations.filter(
          ({ kind, row }) => kind === "replace" && isNext(`${name}/${partition}/${row}`),
        );
        const stored = first && isContested ? await table.get(partition, first.row) : null;
        if (stored !== null) {
          const { row, schema, json } = stored;
          await table.transact(partition, [{ kind: "put", row, schema, json }]);
          races.add(name);
        }
        return table.transact(partition, operations);
      },
    };
  };
  return { tables: { table: contestedTable }, races, from: () => (isContested = true) };
}

describe("a lost race for a row passes", () => {
  test.each(JOURNEYS)("%s: %s", async (scenario, verbs) => {
    const race = contested(createMemoryTables());
    app = await VirtualApp.open({ tables: () => race.tables });
    await app.load(estateOf(scenario));
    race.from();
    for (const verb of verbs) await succeeds(verb);
    expect([...race.races].sort()).toEqual(["Estate", "Executions", "Items", "VaultLog"]);
  });
});
