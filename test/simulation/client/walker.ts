import type { Verb } from "../../../src/domain/vocabulary.js";
import type { FaultInput, OperationName } from "../../../src/hypervisor/port.js";
import { sleep } from "../machine/life.js";
import type { Random } from "../random.js";
import { doVerb } from "./operator.js";
import { shown, type Town } from "./town.js";

interface Walk {
  /** How likely it is among the walks. */
  weight: number;
  path: Verb[];
  /** One of these does not work at the last step. */
  hurdles: OperationName[];
}

const HOMEWARD: Verb[] = ["unplanned-failover", "commit", "reprotect"];
const HOME: Verb[] = [...HOMEWARD, "failback"];

/** Where users who act as they please seldom come to. */
const WALKS: Walk[] = [
  { weight: 3, path: ["test-failover"], hurdles: ["create-test-network"] },
  { weight: 3, path: ["test-failover", "test-clean-up"], hurdles: ["remove-test-network"] },
  { weight: 2, path: ["test-failover", "promote-test"], hurdles: ["promote-test-copy"] },
  { weight: 4, path: [...HOMEWARD, "test-failover", "test-clean-up"], hurdles: ["remove-test-copy"] },
  { weight: 4, path: [...HOMEWARD, "test-failover", "promote-test"], hurdles: ["promote-test-copy"] },
  { weight: 2, path: [...HOMEWARD, "resynchronise"], hurdles: ["resynchronise"] },
  { weight: 4, path: [...HOME, "cancel-failover"], hurdles: ["demote-replica", "restore-replication"] },
  { weight: 8, path: [...HOME, "commit"], hurdles: ["delete-recovery-points", "remove-old-machine"] },
  { weight: 4, path: [...HOME, "commit", "disable-replication"], hurdles: ["disable-replication"] },
];
const MODES: FaultInput["mode"][] = ["fail-before", "fail-after", "refuse", "hang"];
const RARELY = 0.1;

/** Whether the one user of a run is somebody on a walk. */
export const goesForAWalk = (random: Random): boolean => random.chance(RARELY);

/** Leads a plan all the way to a seldom place, where something does not work. */
export async function walk(town: Town, id: string, random: Random): Promise<void> {
  const { path, hurdles } = WALKS[
    Number(random.weighted(Object.fromEntries(WALKS.map((one, at) => [at, one.weight]))))
  ] as Walk;
  const last = path.length - 1;
  for (const [step, verb] of path.entries()) {
    await sleep(town.clock, random.skewed(600_000, 7_200_000));
    if (step === last) await putInTheWay(town, random.pick(hurdles), random.pick(MODES), random);
    if (town.calm) return;
    await shown(doVerb(town, `${id}/${step}`, verb, random.fork(`step/${step}`)));
  }
}

/** At every site, until somebody clears it or the faults are over. */
async function putInTheWay(
  { client, world, clock }: Town,
  operation: OperationName,
  mode: FaultInput["mode"],
  random: Random,
): Promise<void> {
  const laid = world.sites.map(({ id: siteId }): FaultInput => ({ target: { siteId }, operation, mode }));
  for (const fault of laid) await client.insist({ kind: "add-fault", fault }, random);
  void sleep(clock, random.skewed(600_000, 86_400_000)).then(() =>
    client.insist({ kind: "clear-fault", faultId: null }, random),
  );
}
