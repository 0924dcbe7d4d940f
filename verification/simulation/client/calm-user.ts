import type { PlanInput } from "../../../src/domain/plans/plan.js";
import type { Verb } from "../../../src/domain/vocabulary.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { type Environment, ifReadable } from "./environment.js";
import { startAndAwait, usedOptions } from "./operator.js";

/** What a calm user wants, one verb after the other. */
const PATHS: readonly (readonly Verb[])[] = [
  ["test-failover", "test-clean-up", "planned-failover", "commit"],
  ["planned-failover", "change-recovery-point", "cancel-failover", "resynchronise"],
  ["unplanned-failover", "commit", "reprotect"],
  ["planned-failover", "commit", "reprotect", "planned-failback", "commit"],
  ["unplanned-failover", "commit", "reprotect", "failback", "commit", "disable-replication"],
  ["test-failover", "promote-test", "commit"],
  ["full-run"],
  ["disable-replication", "enable-replication", "test-failover", "test-clean-up"],
];

/** Long enough for the agents of machines that failed over. */
const PAUSE_MS = 3_600_000;
const DAY_MINUTES = 24 * 60;

/** A plan that waits for people and machines, and whose actions cannot fail. */
export function withPatience(plan: PlanInput): PlanInput {
  const patient = (actions: NonNullable<PlanInput["groups"][number]["before"]> = []) =>
    actions.flatMap((action) =>
      action.kind === "manual" ? [{ ...action, timeLimitMinutes: DAY_MINUTES, onFailure: "stop" as const }] : [],
    );
  const { shutdown, groups, validation } = plan;
  return {
    ...plan,
    ...(shutdown === undefined
      ? {}
      : { shutdown: { ...shutdown, before: patient(shutdown.before), after: patient(shutdown.after) } }),
    groups: groups.map((group) => ({ ...group, before: patient(group.before), after: patient(group.after) })),
    ...(validation === undefined ? {} : { validation: { ...validation, timeLimitMinutes: DAY_MINUTES } }),
  };
}

/** Follows a path, and starts nothing before the last execution has ended. */
export async function runCalmUser(environment: Environment, id: string, random: Random): Promise<void> {
  const { world, plans } = environment;
  const datastoreId = world.sites.flatMap(({ datastores = [] }) => datastores)[0]?.id;
  const all = {
    acknowledgeNoTest: true,
    reprotect: { waitForAgent: true, ...(datastoreId === undefined ? {} : { datastoreId }) },
  };
  for (const [step, verb] of random.pick(PATHS).entries()) {
    await sleep(environment.clock, PAUSE_MS);
    const target = { kind: "plan", planId: plans[0]?.id ?? "" } as const;
    const options = usedOptions(verb, all);
    const start = { kind: "start", idempotencyKey: `${id}/${step}`, verb, target, options } as const;
    await ifReadable(startAndAwait(environment, start, random.fork(`step/${step}`)));
  }
}
