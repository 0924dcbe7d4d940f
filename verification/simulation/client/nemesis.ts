import type { FaultInput } from "../../../src/hypervisor/port.js";
import { OperationName } from "../../../src/steps/catalogue.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { type Environment, ifReadable, servingContext } from "./environment.js";

/** Disturbs the estate once: a fault for a while, or a source that comes back. */
export async function runNemesis(environment: Environment, random: Random): Promise<void> {
  const { clock, journal } = environment;
  await sleep(clock, random.skewed(1_000, 7_200_000));
  for (let tries = 0; journal.running.size === 0 && tries < 200 && !environment.quiescing; tries += 1)
    await sleep(clock, 60_000);
  await sleep(clock, random.skewed(100, 1_200_000));
  if (environment.quiescing) return;
  if (random.chance(0.2)) return returnSource(environment, random);
  const fault = faultOf(environment, random);
  const { outcome, answer } = await environment.client.sendUntilKnown({ kind: "add-fault", fault }, random);
  if (outcome !== "ok") return;
  const { faultId } = answer as { faultId: string };
  await sleep(clock, random.skewed(5_000, 28_800_000));
  if (!environment.quiescing) await environment.client.sendUntilKnown({ kind: "clear-fault", faultId }, random);
}

function faultOf({ world }: Environment, random: Random): FaultInput {
  const mode = random.weighted({ "fail-before": 3, "fail-after": 4, refuse: 3, hang: 3, slow: 2 });
  const at = random.weighted({ item: 7, site: 2, link: 1 });
  const itemId = random.pick(world.items ?? []).id;
  const siteId = random.pick(world.sites).id;
  const linkId = random.pick(world.links ?? []).id;
  const target = at === "item" ? { itemId } : at === "site" ? { siteId } : { linkId };
  const lasting = mode === "hang" || mode === "slow";
  return {
    target,
    mode,
    ...(random.chance(0.6) ? { operation: random.pick(OperationName.options) } : {}),
    ...(mode === "slow" ? { factor: random.pick([2, 20, 200]) } : {}),
    ...(!lasting && random.chance(0.5) ? { times: random.int(1, 4) } : {}),
  };
}

/** The old source comes back after a failover. Later somebody may resolve the conflict. */
async function returnSource(environment: Environment, random: Random): Promise<void> {
  const itemId = random.pick(environment.world.items ?? []).id;
  const { outcome } = await environment.client.send({ kind: "return-source", itemId });
  if (outcome !== "ok" || random.chance(0.4)) return;
  await sleep(environment.clock, random.skewed(10_000, 7_200_000));
  const looked = servingContext(environment)?.hypervisor.describeItems(environment.world.id, [itemId]);
  const [seen] = (looked && (await ifReadable(looked))) ?? [];
  const type = seen?.conditions[0]?.type ?? "split-brain";
  await environment.client.send({ kind: "resolve-condition", itemId, type });
}
