import type { Verb } from "../../../src/domain/vocabulary.js";
import type { FaultInput, OperationName } from "../../../src/hypervisor/port.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { type Environment, ifReadable } from "./environment.js";
import { runVerb } from "./operator.js";

interface ScriptedScenario {
  /** How likely it is among the scenarios. */
  weight: number;
  path: Verb[];
  /** One of these fails at the last step. */
  failingOperations: OperationName[];
}

const REPROTECTED: Verb[] = ["unplanned-failover", "commit", "reprotect"];
const FAILED_BACK: Verb[] = [...REPROTECTED, "failback"];

/** Paths that random workloads seldom take. */
const SCRIPTED_SCENARIOS: ScriptedScenario[] = [
  { weight: 3, path: ["test-failover"], failingOperations: ["create-test-network"] },
  { weight: 3, path: ["test-failover", "test-clean-up"], failingOperations: ["remove-test-network"] },
  { weight: 2, path: ["test-failover", "promote-test"], failingOperations: ["promote-test-copy"] },
  { weight: 4, path: [...REPROTECTED, "test-failover", "test-clean-up"], failingOperations: ["remove-test-copy"] },
  { weight: 4, path: [...REPROTECTED, "test-failover", "promote-test"], failingOperations: ["promote-test-copy"] },
  { weight: 2, path: [...REPROTECTED, "resynchronise"], failingOperations: ["resynchronise"] },
  {
    weight: 4,
    path: [...FAILED_BACK, "cancel-failover"],
    failingOperations: ["demote-replica", "restore-replication"],
  },
  { weight: 8, path: [...FAILED_BACK, "commit"], failingOperations: ["delete-recovery-points", "remove-old-machine"] },
  { weight: 4, path: [...FAILED_BACK, "commit", "disable-replication"], failingOperations: ["disable-replication"] },
];
/** Drawn on its own, so that the others stay as likely as they were. */
const RETURNED_AND_CHANGED: ScriptedScenario = {
  weight: 0,
  path: [...FAILED_BACK, "change-recovery-point"],
  failingOperations: ["promote-replica", "start-replica"],
};
const MODES: FaultInput["mode"][] = ["fail-before", "fail-after", "refuse", "hang"];
const SCRIPTED_PROBABILITY = 0.1;

/** Whether the only user of a run follows a script. */
export const isScripted = (random: Random): boolean => random.chance(SCRIPTED_PROBABILITY);

/** Runs all verbs of a path on the plan, with a fault at the last one. */
export async function runScriptedScenario(environment: Environment, id: string, random: Random): Promise<void> {
  const { path, failingOperations } = scenarioOf(random);
  const last = path.length - 1;
  for (const [step, verb] of path.entries()) {
    await sleep(environment.clock, random.skewed(600_000, 7_200_000));
    if (step === last) await addFaults(environment, random.pick(failingOperations), random.pick(MODES), random);
    if (environment.quiescing) return;
    await ifReadable(runVerb(environment, `${id}/${step}`, verb, random.fork(`step/${step}`)));
  }
}

function scenarioOf(random: Random): ScriptedScenario {
  const drawn = random.weighted(Object.fromEntries(SCRIPTED_SCENARIOS.map((one, at) => [at, one.weight])));
  if (random.fork("returned-and-changed").chance(0.08)) return RETURNED_AND_CHANGED;
  return SCRIPTED_SCENARIOS[Number(drawn)] as ScriptedScenario;
}

/** Adds the fault at every site, until somebody clears it or the fault phase ends. */
async function addFaults(
  { client, world, clock }: Environment,
  operation: OperationName,
  mode: FaultInput["mode"],
  random: Random,
): Promise<void> {
  const faults = world.sites.map(({ id: siteId }): FaultInput => ({ target: { siteId }, operation, mode }));
  for (const fault of faults) await client.sendUntilKnown({ kind: "add-fault", fault }, random);
  void sleep(clock, random.skewed(600_000, 86_400_000)).then(() =>
    client.sendUntilKnown({ kind: "clear-fault", faultId: null }, random),
  );
}
