import type { RunningTimer } from "../../../src/domain/commit-timer/commit-timer.js";
import type { Execution } from "../../../src/domain/execution.js";
import type { Random } from "../random.js";
import { sleep } from "../runtime/host-lifetime.js";
import { type Environment, ifReadable } from "./environment.js";
import { usedOptions } from "./operator.js";
import type { ClientRequest } from "./requests.js";

/** The delay between a change and the look for commit timers. */
const REACTION_MS = 5_000;
/** A failover that ended this long ago has no timer that is still to begin. */
const LATEST_BEGIN_MS = 86_400_000;
const MINUTE_MS = 60_000;

const MOVES = { nothing: 4, cancel: 4, extend: 4, person: 2 };

/** Cancels and extends the commit timers of failovers, or acts before they do: in time, late, twice, and at once. */
export async function changeCommitTimers(environment: Environment, random: Random): Promise<void> {
  const { journal, clock } = environment;
  const watched = new Map<string, number | null>();
  for (;;) {
    await journal.change();
    await sleep(clock, REACTION_MS);
    for (const executionId of journal.running) watched.set(executionId, null);
    for (const [executionId, endedMs] of [...watched]) {
      if (journal.running.has(executionId)) continue;
      if (await isSettled(environment, executionId, endedMs, random)) watched.delete(executionId);
      else watched.set(executionId, endedMs ?? clock.now());
    }
  }
}

/** Whether nothing is left to look at: a timer has begun, or none ever will. */
async function isSettled(
  environment: Environment,
  executionId: string,
  endedMs: number | null,
  random: Random,
): Promise<boolean> {
  const found = await ifReadable(environment.directStore.getExecution(executionId));
  const timer = found && "outcomes" in found.value ? found.value.commitTimer : undefined;
  if (!found || timer === undefined) return endedMs !== null && environment.clock.now() > endedMs + LATEST_BEGIN_MS;
  if (!environment.quiescing && timer.end === undefined)
    changeSomehow(environment, found.value, timer, random.fork(executionId));
  return true;
}

function changeSomehow(environment: Environment, execution: Execution, timer: RunningTimer, random: Random): void {
  const moves = random.int(1, 2);
  for (let move = 0; move < moves; move += 1) {
    const own = random.fork(`move/${move}`);
    const kind = own.weighted(MOVES);
    if (kind !== "nothing") void changeLater(environment, execution, { timer, kind }, own);
  }
}

async function changeLater(
  environment: Environment,
  execution: Execution,
  { timer, kind }: { timer: RunningTimer; kind: Exclude<keyof typeof MOVES, "nothing"> },
  random: Random,
): Promise<void> {
  const { client, clock } = environment;
  await sleep(clock, delayOf(timer, random));
  if (environment.quiescing) return;
  const request = requestOf(execution, timer, kind, random.fork("request"));
  if (random.chance(0.2)) void client.send(request); // at the same time
  const sent = await client.sendUntilKnown(request, random);
  if (kind === "person" || !random.chance(0.2)) return;
  await sleep(clock, random.skewed(1_000, 3_600_000));
  if (!environment.quiescing) await client.send(request, sent.n);
}

/** At some time of the wait, often about its end. */
function delayOf({ since, until }: RunningTimer, random: Random): number {
  const wholeMs = Date.parse(until) - Date.parse(since);
  if (random.chance(0.6)) return random.int(0, wholeMs);
  return Math.max(0, wholeMs - REACTION_MS + random.int(-2, 3) * random.skewed(1, 30_000));
}

function requestOf(
  { executionId, subject }: Execution,
  { until }: RunningTimer,
  kind: "cancel" | "extend" | "person",
  random: Random,
): ClientRequest {
  const person = random.pick(["sam", "tom"]);
  if (kind === "cancel") return { kind: "change-timer", executionId, person, act: { action: "cancel" } };
  if (kind === "extend") {
    const byMinutes = random.pick([-10, 5, 60, 600]);
    const later = new Date(Date.parse(until) + byMinutes * MINUTE_MS).toISOString();
    return { kind: "change-timer", executionId, person, act: { action: "extend", until: later } };
  }
  const verb = random.pick(["commit", "cancel-failover", "change-recovery-point"] as const);
  return {
    ...{ kind: "start", idempotencyKey: `${executionId}/${random.int(0, 1_000_000)}`, verb },
    target: { kind: "plan", planId: subject.kind === "plan" ? subject.planId : "" },
    options: usedOptions(verb, {}),
  };
}
