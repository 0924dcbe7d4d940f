import type { Random } from "../random.js";
import { seedLabel } from "../seed-labels.js";
import { decideApprovals } from "./approvers.js";
import { runCalmUser } from "./calm-user.js";
import type { Environment } from "./environment.js";
import { trespassSomehow } from "./hostile-callers.js";
import { runNemesis } from "./nemesis.js";
import { runWorkload } from "./operator.js";
import { RARE_SHARE, runRareMove } from "./rare-moves.js";
import { respond } from "./responder.js";
import { isScripted, runScriptedScenario } from "./scripted-scenario.js";
import { steerExecutions } from "./steering-people.js";
import { watchStuckSteps } from "./stuck-steps.js";
import { sweepEveryMinute } from "./sweeper.js";
import { changeCommitTimers } from "./timer-people.js";
import { decideByWebhook } from "./webhook-senders.js";

/** A plan over more items than this takes long, so its operator runs fewer workloads. */
const MANY_ITEMS = 12;

export interface UserOptions {
  seed: number;
  random: Random;
  /** False: no nemesis makes the estate hostile. */
  faults: boolean;
  /** Whether a part of the run takes place, by its id. */
  has(id: string): boolean;
  /** Starts one user; `counts` when the run waits for its end. */
  spawn(work: () => Promise<void>, counts?: boolean): void;
}

/** Starts everybody who acts in a run: responder, sweeper, operators or a scripted scenario, and nemeses. */
export function startUsers(environment: Environment, options: UserOptions): void {
  const { random, spawn } = options;
  spawn(() => respond(environment, random.fork("responder")), false);
  spawn(() => watchStuckSteps(environment, random.fork("stuck-steps")), false);
  spawn(() => sweepEveryMinute(environment), false);
  if (environment.approving) spawn(() => decideApprovals(environment, random.fork("approvers")), false);
  if (environment.steering) {
    spawn(() => steerExecutions(environment, random.fork("steering")), false);
    spawn(() => changeCommitTimers(environment, random.fork("commit-timers")), false);
  }
  if (environment.sources) {
    spawn(() => decideByWebhook(environment, random.fork("webhook-senders")), false);
    spawn(() => trespassSomehow(environment, random.fork("hostile-callers")), false);
  }
  const script = random.fork(seedLabel("scripted-scenario"));
  if (environment.calm) startCalmUser(environment, options);
  else if (isScripted(script)) startScript(environment, script, options);
  else startOperators(environment, options);
  startNemeses(environment, options);
}

function startScript(environment: Environment, random: Random, { seed, has, spawn }: UserOptions): void {
  const id = "scripted-scenario";
  if (has(id)) spawn(() => runScriptedScenario(environment, `${seed}/${seedLabel(id)}`, random));
}

function startCalmUser(environment: Environment, { seed, random, has, spawn }: UserOptions): void {
  const id = "calm-user";
  if (has(id)) spawn(() => runCalmUser(environment, `${seed}/${id}`, random.fork(id)));
}

function startOperators(environment: Environment, { seed, random, has, spawn }: UserOptions): void {
  const many = (environment.world.items ?? []).length > MANY_ITEMS;
  const operators = random.weighted({ one: 3, two: 1 }) === "one" ? 1 : 2;
  for (let operator = 0; operator < operators; operator += 1) {
    const own = random.fork(`operator/${operator}`);
    const steps = own.int(2, many ? 3 : 8);
    spawn(async () => {
      for (let step = 0; step < steps; step += 1) {
        const id = `workload/${operator}/${step}`;
        if (!has(id)) continue;
        const rare = own.fork(`rare/${step}`);
        const runs = rare.chance(RARE_SHARE) ? runRareMove : runWorkload;
        await runs(environment, `${seed}/${seedLabel(id)}`, runs === runRareMove ? rare : own.fork(`step/${step}`));
      }
    });
  }
}

function startNemeses(environment: Environment, { random, faults, has, spawn }: UserOptions): void {
  const size = faults ? random.fork(seedLabel("nemeses")).weighted({ none: 3, few: 4, many: 2 }) : "none";
  const count = { none: 0, few: random.fork("few").int(1, 2), many: random.fork("many").int(3, 7) }[size];
  for (let index = 0; index < count; index += 1) {
    const id = `nemesis/${index}`;
    if (has(id)) spawn(() => runNemesis(environment, random.fork(seedLabel(id))));
  }
}
