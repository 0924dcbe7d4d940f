import { TRESPASSERS, type Trespasser } from "../generators/webhook-sources.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { type Environment, ifReadable } from "./environment.js";
import type { ClientRequest } from "./requests.js";

const TRIES = 6;

/** Callers with tokens that give them other rights than those that they need. */
export async function trespassSomehow(environment: Environment, random: Random): Promise<void> {
  const { client, clock } = environment;
  for (const to of Object.keys(TRESPASSERS) as Trespasser[])
    await client.sendUntilKnown({ kind: "give-token", to }, random.fork(to));
  for (let nth = 0; nth < TRIES; nth += 1) {
    const own = random.fork(`try/${nth}`);
    await sleep(clock, own.skewed(60_000, 7_200_000));
    if (environment.quiescing) return;
    await client.send(await tryOf(environment, own));
  }
}

async function tryOf({ directStore, plans }: Environment, random: Random): Promise<ClientRequest> {
  const plan = random.pick(plans);
  const who = random.pick(Object.keys(TRESPASSERS) as Trespasser[]);
  if (who === "operator")
    return { kind: "trespass", who, act: "start", planId: plan.id, key: `try/${random.int(1, 9)}` };
  if (who === "planner") return { kind: "trespass", who, act: "save-plan", plan: { ...plan, approvals: [] } };
  const page = await ifReadable(directStore.listOpenApprovals({ limit: 100 }));
  const [open] = random.chance(0.8) ? (page?.entries ?? []) : [];
  const approvalId = open?.content.approvalId ?? "11111111-2222-8333-8444-555555555555";
  return { kind: "trespass", who, act: "approve", approvalId, seenHash: open?.hash ?? "" };
}
