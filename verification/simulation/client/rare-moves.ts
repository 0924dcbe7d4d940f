import type { ImportMode } from "../../../src/commands/import-world.js";
import type { Verb } from "../../../src/domain/vocabulary.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { type Environment, ifReadable } from "./environment.js";
import { startAndAwait, startAndWait, usedOptions } from "./operator.js";
import type { ClientRequest } from "./requests.js";

type Choice = Record<string, unknown>;

/** How often a user does something that people do seldom or by mistake, among everything they do. */
export const RARE_SHARE = 0.08;

const MOVES = { "wrong-point": 5, "forced-clean-up": 3, "remove-item": 3, import: 2 };

/** Does one thing that people do seldom or by mistake, after a while. */
export async function runRareMove(environment: Environment, id: string, random: Random): Promise<void> {
  await sleep(environment.clock, random.skewed(1_000, 7_200_000));
  if (!environment.quiescing) await ifReadable(performMove(environment, id, random));
}

async function performMove(environment: Environment, id: string, random: Random): Promise<void> {
  const { client } = environment;
  switch (random.weighted(MOVES)) {
    case "wrong-point":
      return startFromWrongPoint(environment, id, random);
    case "forced-clean-up":
      return forceCleanUp(environment, id, random);
    case "remove-item":
      return removeItem(environment, id, random);
    case "import": {
      const mode = random.pick<ImportMode | undefined>(["merge", "merge", "reset", undefined]);
      await client.sendUntilKnown({ kind: "import-world", mode }, random);
      return;
    }
  }
}

const itemOf = ({ world }: Environment, random: Random): string => random.pick(world.items ?? []).id;

/** Ends the protection of an item, if none is unprotected, and removes it. Usually it is imported again later. */
async function removeItem(environment: Environment, id: string, random: Random): Promise<void> {
  const { client, clock, directStore, world } = environment;
  const ids = (world.items ?? []).map((item) => item.id);
  const records = await directStore.findItems(world.id, ids);
  const unprotected = records.filter(({ state }) => state === "unprotected");
  const { itemId } = random.pick(unprotected.length > 0 ? unprotected : records) ?? {};
  if (itemId === undefined) return;
  if (unprotected.length === 0) {
    const target = { kind: "item", worldId: world.id, itemId } as const;
    const verb = "disable-replication";
    const options = usedOptions(verb, {});
    await startAndAwait(environment, { kind: "start", idempotencyKey: id, verb, target, options }, random);
  }
  await client.sendUntilKnown({ kind: "remove-item", itemId }, random);
  if (random.chance(0.3)) return;
  await sleep(clock, random.skewed(1_000, 7_200_000));
  if (!environment.quiescing) await client.sendUntilKnown({ kind: "import-world", mode: "merge" }, random);
}

/** A mistyped point, a time before the first point, or an app-consistent point where there may be none. */
async function startFromWrongPoint(environment: Environment, id: string, random: Random): Promise<void> {
  const verb = random.pick<Verb>(["unplanned-failover", "unplanned-failover", "failback", "change-recovery-point"]);
  const points: Choice[] = [
    { kind: "custom", pointId: "mistyped" },
    { kind: "point-in-time", emulatedNotAfter: "2001-01-01T00:00:00Z" },
    { kind: "point-in-time", emulatedNotAfter: "2031-01-01T00:00:00Z", appConsistent: "all" },
    { kind: "latest-app-consistent" },
  ];
  const options = { recoveryPoint: random.pick(points), acknowledgeNoTest: true };
  await startWith(environment, id, { verb, options, alone: random.chance(0.5) }, random);
}

async function forceCleanUp(environment: Environment, id: string, random: Random): Promise<void> {
  const options = { force: { reason: "the site is gone" }, notes: "forced" };
  await startWith(environment, id, { verb: "test-clean-up", options, alone: random.chance(0.3) }, random);
}

async function startWith(
  environment: Environment,
  id: string,
  { verb, options, alone }: { verb: Verb; options: object; alone: boolean },
  random: Random,
): Promise<void> {
  const { world, plans } = environment;
  const target = alone
    ? ({ kind: "item", worldId: world.id, itemId: itemOf(environment, random) } as const)
    : ({ kind: "plan", planId: random.pick(plans).id } as const);
  const start: Extract<ClientRequest, { kind: "start" }> = {
    ...{ kind: "start", idempotencyKey: id, verb, target },
    options: usedOptions(verb, options),
  };
  await startAndWait(environment, start, random);
}
