import type { LoadedApp } from "../../host/app/load-app.js";
import { VirtualClock } from "../../host/durable/engine/index.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";
import { createStore } from "../../src/store/store.js";
import { createMemoryTables } from "../../src/store/tables/memory-tables.js";
import { withPatience } from "./client/calm-user.js";
import { Client } from "./client/client.js";
import type { Environment } from "./client/environment.js";
import { repairRow } from "./client/repairer.js";
import { sweepEveryMinute } from "./client/sweeper.js";
import { startUsers } from "./client/users.js";
import { collect } from "./collect.js";
import type { Evidence, Timing } from "./evidence.js";
import { withApprovals } from "./generators/approvals.js";
import { generateClockJumps } from "./generators/clock-jumps.js";
import { withCommitTimer } from "./generators/commit-timers.js";
import { type Fault, generateFaults, generatePassingFaults } from "./generators/faults.js";
import { generatePlans } from "./generators/plans.js";
import { generateWorld } from "./generators/world.js";
import type { Mutant } from "./mutants/mutant.js";
import { Random } from "./random.js";
import { loadedApp } from "./runtime/app.js";
import { Cluster } from "./runtime/cluster.js";
import { CorruptibleHistory } from "./runtime/corruptible-history.js";
import { inDeterminismSandbox, untilIdle } from "./runtime/determinism-sandbox.js";
import type { FaultProxy } from "./runtime/fault-proxy.js";
import { sleep } from "./runtime/host-lifetime.js";
import { buildInfrastructure, type Infrastructure } from "./runtime/infrastructure.js";
import type { CorruptionHandle } from "./runtime/row-corruptor.js";
import { seedLabel } from "./seed-labels.js";

/** How a run differs from what its seed says. */
export interface SimulationOptions {
  /** Ids of workloads, nemeses and faults that are left out. */
  omit?: readonly string[];
  /** `none`: nothing fails unless a user asks for it. */
  faults?: "seeded" | "none";
  /**
   * Users who want one thing after the other and agree to everything, in an estate that nobody disturbs: only the
   * machinery fails. Most of these runs succeed with and without faults, so that they can be compared.
   */
  calm?: boolean;
  /** Whether plans want approvals, and people decide about them. A share of the seeds by default. */
  approving?: boolean;
  /** Whether people steer executions, plans have commit timers, and clocks jump by hours. A share of the seeds by default. */
  steering?: boolean;
  /** Whether sources of webhooks and hostile callers take part. A share of the seeds with approvals by default. */
  sources?: boolean;
  mutant?: Mutant;
  /** Replaces everything that the seed would generate. */
  script?: Script;
}

/** A run that is written down instead of generated: its world, what its only user does, and which faults occur. */
export interface Script {
  world: WorldInput;
  plan: PlanInput;
  faults: readonly Fault[];
  act(environment: Environment, proxy: FaultProxy): Promise<void>;
}

/** Before the first fault the estate replicates for this long, so that recovery points of every kind exist. */
const WARM_UP_MS = 5 * 3_600_000;
/** Faults end at this time at the latest. */
const MAX_FAULT_PHASE_MS = 6 * 86_400_000;
/** After the faults, everything must come to rest within this time, including retries, step limits and questions. */
const MAX_QUIESCE_MS = 5 * 86_400_000;
/** Late writes have this long before the evidence is collected. */
const COOL_DOWN_MS = 2 * 3_600_000;

/** The share of the seeds in which plans want approvals. */
const APPROVING_SHARE = 0.3;
/** The share of the seeds in which people steer. */
const STEERING_SHARE = 0.35;
/** The share of those in which webhooks decide too, and hostile callers try. */
const SOURCES_SHARE = 0.5;

const NO_MUTANT: Mutant = { breaks: "I1", what: "nothing" };

/** Runs the product in the world that a seed generates, and returns the evidence of the run. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Evidence> {
  const app = await loadedApp();
  return inDeterminismSandbox(() => new Simulation(seed, app, options).run());
}

class Simulation {
  readonly #seed: number;
  readonly #random: Random;
  readonly #omit: ReadonlySet<string>;
  readonly #faults: boolean;
  readonly #script: Script | undefined;
  readonly #calm: boolean;
  readonly #clock = new VirtualClock();
  readonly #infrastructure: Infrastructure;
  readonly #environment: Environment;
  readonly #problems: unknown[] = [];
  readonly #parts: string[] = [];

  constructor(seed: number, app: LoadedApp, options: SimulationOptions) {
    const { omit = [], faults = "seeded", mutant, script, calm = false } = options;
    this.#script = script;
    this.#calm = calm;
    this.#seed = seed;
    this.#random = new Random(`seed/${seed}`);
    this.#omit = new Set(omit);
    this.#faults = faults === "seeded";
    const clock = this.#clock;
    const world = script?.world ?? generateWorld(this.#random.fork("world"));
    const draw = calm ? generatePassingFaults : generateFaults;
    const steering = options.steering ?? (!calm && !script && this.#random.fork("steering").chance(STEERING_SHARE));
    const generated = this.#faults ? draw(this.#random.fork(seedLabel("faults"))) : [];
    if (this.#faults && steering) generated.push(...generateClockJumps(this.#random.fork("clock-jumps")));
    const tables = createMemoryTables();
    this.#infrastructure = buildInfrastructure({
      ...{ app, clock, tables, history: new CorruptibleHistory(), random: this.#random, worldId: world.id },
      mutant: mutant ?? NO_MUTANT,
      faults: (script?.faults ?? generated).filter(({ id }) => this.#has(id)),
      onCorrupted: (handle, forMs) => this.#scheduleRepair(handle, forMs),
    });
    const { proxy, journal } = this.#infrastructure;
    const generatedPlans = script ? [script.plan] : generatePlans(world, this.#random.fork("plans"));
    const approving = options.approving ?? (!calm && !script && this.#random.fork("approving").chance(APPROVING_SHARE));
    const sources = options.sources ?? (approving && this.#random.fork("sources").chance(SOURCES_SHARE));
    const plans = generatedPlans.map((plan) => {
      if (calm) return withPatience(plan);
      const timed = steering ? withCommitTimer(plan, this.#random.fork(`commit-timer/${plan.id}`)) : plan;
      return approving ? withApprovals(timed, this.#random.fork(`approvals/${plan.id}`)) : timed;
    });
    const cluster = new Cluster(this.#infrastructure);
    const client = new Client({ clock, cluster, proxy, world });
    this.#environment = {
      ...{ clock, cluster, client, journal, world, plans, directStore: createStore(tables) },
      ...{ quiescing: false, activeUsers: 0, pendingRepairs: 0, sightings: [], calm },
      ...{ approving, steering, sources },
    };
  }

  /** Whether a part of the run takes place. Either way its id is recorded, so that shrinking knows all parts. */
  #has(id: string): boolean {
    this.#parts.push(id);
    return !this.#omit.has(id);
  }

  async run(): Promise<Evidence> {
    const beganMs = this.#clock.now();
    const { proxy } = this.#infrastructure;
    proxy.faultsEnabled = false;
    await this.#prepare();
    proxy.faultsEnabled = this.#faults;
    if (this.#script) this.#follow(this.#script);
    else this.#startUsers();
    await this.#drive(() => this.#environment.activeUsers === 0, MAX_FAULT_PHASE_MS);
    const faultsOffMs = this.#clock.now();
    const repaired = await this.#endFaults();
    const rested = await this.#drive(() => repaired() && this.#isAtRest(), MAX_QUIESCE_MS);
    const restedMs = this.#clock.now();
    await this.#drive(() => false, COOL_DOWN_MS);
    const timing: Timing = { beganMs, faultsOffMs, endedMs: this.#clock.now() };
    const evidence = await this.#evidence(timing, rested ? restedMs : null);
    if (this.#problems.length > 0) throw this.#problems[0];
    return evidence;
  }

  /** Imports the world, saves its plans and lets the estate replicate, before the first fault. */
  async #prepare(): Promise<void> {
    const { cluster, client, plans } = this.#environment;
    let prepared = false;
    this.#spawn(async () => {
      await cluster.boot();
      await client.send({ kind: "import-world", mode: undefined });
      for (const plan of plans) await client.send({ kind: "save-plan", plan, ifMatch: null });
      await sleep(this.#clock, WARM_UP_MS);
      prepared = true;
    });
    await this.#drive(() => prepared, MAX_FAULT_PHASE_MS);
    const refused = client.ledger.find(({ outcome }) => outcome !== "ok");
    if (refused) throw new Error(`the world of seed ${this.#seed} is not valid: ${JSON.stringify(refused.answer)}`);
  }

  /** Starts the only user of a script. */
  #follow(script: Script): void {
    const environment = this.#environment;
    this.#spawn(() => sweepEveryMinute(environment), false);
    this.#spawn(() => script.act(environment, this.#infrastructure.proxy));
  }

  #startUsers(): void {
    startUsers(this.#environment, {
      seed: this.#seed,
      random: this.#random.fork("client"),
      faults: this.#faults && !this.#calm,
      has: (id) => this.#has(id),
      spawn: (work, counts) => this.#spawn(work, counts),
    });
  }

  /** Stops injecting faults and clears those of the estate; the result tells whether that is done. */
  async #endFaults(): Promise<() => boolean> {
    const environment = this.#environment;
    this.#infrastructure.proxy.faultsEnabled = false;
    environment.quiescing = true;
    let cleared = false;
    this.#spawn(async () => {
      await environment.client.sendUntilKnown({ kind: "clear-fault", faultId: null }, this.#random.fork("clear"));
      cleared = true;
    });
    environment.journal.wake();
    return () => cleared && environment.pendingRepairs === 0;
  }

  /** Has a corrupted row repaired some time later. */
  #scheduleRepair(handle: CorruptionHandle, forMs: number): void {
    const environment = this.#environment;
    this.#infrastructure.proxy.injectedFaults.push(handle.record);
    environment.pendingRepairs += 1;
    this.#spawn(async () => {
      await repairRow(environment, handle, forMs);
      environment.pendingRepairs -= 1;
    }, false);
  }

  #isAtRest(): boolean {
    const { cluster, journal, client, activeUsers } = this.#environment;
    const { serving } = cluster;
    const { running, held } = journal;
    if (!serving || running.size + held.size > 0 || serving.hub.engine.sessions.size > 0 || activeUsers > 0)
      return false;
    return client.pending === 0;
  }

  /** Starts a user; `counts` when the fault phase lasts until it ends. */
  #spawn(work: () => Promise<void>, counts = true): void {
    const environment = this.#environment;
    environment.activeUsers += counts ? 1 : 0;
    void work()
      .catch((problem: unknown) => this.#problems.push(problem))
      .finally(() => {
        environment.activeUsers -= counts ? 1 : 0;
      });
  }

  /**
   * The event loop of the simulation: runs everything that is ready, then advances the clock to the next alarm.
   * @returns false when `limitMs` passes before `done`, or when no alarm is left
   */
  async #drive(done: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#clock.now() + limitMs;
    for (;;) {
      await untilIdle();
      if (this.#problems.length > 0) throw this.#problems[0];
      if (done()) return true;
      const due = this.#clock.nextDueMs;
      if (due === undefined || due > endMs) return false;
      this.#clock.ring();
    }
  }

  async #evidence(timing: Timing, restedMs: number | null): Promise<Evidence> {
    let evidence: Evidence | undefined;
    this.#spawn(async () => {
      evidence = await collect({
        seed: this.#seed,
        parts: this.#parts,
        environment: this.#environment,
        infrastructure: this.#infrastructure,
        timing,
        restedMs,
        moving: () => this.#moving(),
      });
    }, false);
    await this.#drive(() => evidence !== undefined, MAX_QUIESCE_MS);
    if (!evidence) throw new Error(`the evidence of seed ${this.#seed} could not be collected`);
    return evidence;
  }

  #moving(): string[] {
    const { cluster, journal, client, activeUsers } = this.#environment;
    const sessions = [...(cluster.serving?.hub.engine.sessions.keys() ?? [])];
    return [
      ...(cluster.serving ? [] : ["no host serves"]),
      ...[...journal.running].map((id) => `execution ${id}`),
      ...sessions.map((id) => `instance ${id}`),
      ...(client.pending > 0 ? [`${client.pending} requests`] : []),
      ...(activeUsers > 0 ? [`${activeUsers} users`] : []),
    ];
  }
}
