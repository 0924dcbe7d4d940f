import type { Execution } from "../../../src/domain/execution.js";
import { TRESPASSERS, type Trespasser } from "../generators/webhook-sources.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { type Environment, ifReadable } from "./environment.js";
import type { ClientRequest, OfCallers } from "./requests.js";

type Trespass = Extract<OfCallers, { kind: "trespass" }>;

const TRIES = 8;
const REX_LOOKS = 12;
/** After this a process that goes by what it read before has noticed a revocation. */
const NOTICED_MS = 60_000;
const UNKNOWN_ID = "11111111-2222-8333-8444-555555555555";
const REHEARSALS: ReadonlySet<string> = new Set(["test-failover", "test-clean-up"] satisfies Execution["verb"][]);

/** Callers with tokens that give them other rights than those that they need, or gave them until they were revoked. */
export async function trespassSomehow(environment: Environment, random: Random): Promise<void> {
  const { client, clock } = environment;
  for (const to of Object.keys(TRESPASSERS) as Trespasser[])
    await client.sendUntilKnown({ kind: "give-token", to }, random.fork(to));
  void approveUntilRevoked(environment, random.fork("rex"));
  for (let nth = 0; nth < TRIES; nth += 1) {
    const own = random.fork(`try/${nth}`);
    await sleep(clock, own.skewed(60_000, 7_200_000));
    if (environment.quiescing) return;
    const who = own.pick(["viewer", "operator", "planner", "guesser", "helper", "administrator"] as const);
    await client.send(await tryOf(environment, who, own));
  }
}

/** Rex approves what he sees until his token is revoked, also at that moment. Then he tries everything. */
async function approveUntilRevoked(environment: Environment, random: Random): Promise<void> {
  const { client, clock, journal } = environment;
  const state = { revoked: false };
  void sleep(clock, random.skewed(600_000, 86_400_000)).then(async () => {
    await client.sendUntilKnown({ kind: "revoke-token", to: "rex" }, random.fork("revoke"));
    await sleep(clock, NOTICED_MS);
    state.revoked = true;
  });
  for (let look = 0; look < REX_LOOKS; look += 1) {
    const own = random.fork(`look/${look}`);
    await journal.change();
    await sleep(clock, own.skewed(1_000, 1_800_000));
    if (environment.quiescing) return;
    const act = state.revoked ? own.pick(["approve", "pause", "start", "break-glass"] as const) : "approve";
    await client.send(await requestOf(environment, { who: "rex", act }, own));
  }
}

const TRIED: Readonly<Record<Exclude<Trespasser, "rex">, readonly Trespass["act"][]>> = {
  viewer: ["approve", "pause", "break-glass"],
  operator: ["start", "pause"],
  planner: ["save-plan"],
  guesser: ["approve"],
  helper: ["pause"],
  administrator: ["approve", "break-glass"],
};

const tryOf = (environment: Environment, who: Exclude<Trespasser, "rex">, random: Random): Promise<ClientRequest> =>
  requestOf(environment, { who, act: random.pick(TRIED[who]) }, random);

async function requestOf(
  environment: Environment,
  { who, act }: { who: Trespasser; act: Trespass["act"] },
  random: Random,
): Promise<ClientRequest> {
  const plan = random.pick(environment.plans);
  switch (act) {
    case "start":
      return { kind: "trespass", who, act, planId: plan.id, key: `try/${random.int(1, 9)}` };
    case "save-plan":
      return { kind: "trespass", who, act, plan: { ...plan, approvals: [] } };
    case "pause":
      return { kind: "trespass", who, act, executionId: await executionToPause(environment, random) };
    case "approve":
    case "break-glass": {
      const page = await ifReadable(environment.directStore.listOpenApprovals({ limit: 100 }));
      const [open] = random.chance(0.8) ? (page?.entries ?? []) : [];
      const approvalId = open?.content.approvalId ?? UNKNOWN_ID;
      return act === "approve"
        ? { kind: "trespass", who, act, approvalId, seenHash: open?.hash ?? "" }
        : { kind: "trespass", who, act, approvalId };
    }
  }
}

/** One that runs for real: whoever may rehearse may pause a rehearsal. */
async function executionToPause({ directStore, journal }: Environment, random: Random): Promise<string> {
  const running = [...journal.running];
  if (running.length === 0 || random.chance(0.1)) return UNKNOWN_ID;
  const found = await ifReadable(directStore.getExecution(random.pick(running)));
  return found && !REHEARSALS.has(found.value.verb) ? found.value.executionId : UNKNOWN_ID;
}
