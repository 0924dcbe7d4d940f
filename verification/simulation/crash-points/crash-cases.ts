import { ExecutionOptions } from "../../../src/domain/execution.js";
import { Scenario, Verb } from "../../../src/domain/vocabulary.js";
import { estateOf, readyOptions } from "../../../test/support/estates.js";
import type { Environment } from "../client/environment.js";
import type { Boundary } from "../evidence.js";
import type { Fault } from "../generators/faults.js";
import { Random } from "../random.js";
import type { FaultProxy } from "../runtime/fault-proxy.js";
import { sleep } from "../runtime/host-lifetime.js";
import type { Script } from "../simulate.js";

/** The verbs that must run before a verb is allowed. */
const BEFORE: Readonly<Partial<Record<string, readonly Verb[]>>> = {
  "test-clean-up": ["test-failover"],
  "promote-test": ["test-failover"],
  "change-recovery-point": ["unplanned-failover"],
  "cancel-failover": ["planned-failover"],
  commit: ["planned-failover"],
  reprotect: ["planned-failover", "commit"],
  failback: ["planned-failover", "commit", "reprotect"],
  "planned-failback": ["planned-failover", "commit", "reprotect"],
  "enable-replication": ["disable-replication"],
};

/** One verb on the plan of one scenario. */
export interface CrashCase {
  scenario: Scenario;
  verb: Verb;
}

export const CRASH_CASES: readonly CrashCase[] = Scenario.options.flatMap((scenario) =>
  Verb.options.map((verb) => ({ scenario, verb })),
);

/** The number of calls at each boundary before the verb started and after it ended. */
export interface BoundaryCounts {
  from: ReadonlyMap<Boundary, number>;
  to: ReadonlyMap<Boundary, number>;
}

const POLL_MS = 10_000;

async function runVerb({ client, clock, journal }: Environment, { verb }: CrashCase, planId: string): Promise<void> {
  const options = ExecutionOptions.parse(readyOptions(verb));
  const target = { kind: "plan", planId } as const;
  const start = { kind: "start", idempotencyKey: `crash-case/${verb}`, verb, target, options } as const;
  const { executionId, outcome, answer } = await client.sendUntilKnown(start, new Random(verb));
  if (executionId === null) throw new Error(`${verb} did not start: ${outcome} ${JSON.stringify(answer)}`);
  while (journal.running.has(executionId)) await sleep(clock, POLL_MS);
}

/** The case as a script; `note` receives the calls that the verb made. */
export function scriptOf(
  { scenario, verb }: CrashCase,
  faults: readonly Fault[],
  note: (callCounts: BoundaryCounts) => void = () => undefined,
): Script {
  const { world, plan } = estateOf(scenario);
  return {
    world,
    plan: { ...plan, validation: { required: false } },
    faults,
    act: async (environment: Environment, proxy: FaultProxy) => {
      for (const earlier of BEFORE[verb] ?? []) await runVerb(environment, { scenario, verb: earlier }, plan.id);
      const from = new Map(proxy.callCounts);
      await runVerb(environment, { scenario, verb }, plan.id);
      note({ from, to: new Map(proxy.callCounts) });
    },
  };
}
