import type { LoadedApp } from "../../host/app/load-app.js";
import { VirtualClock } from "../../host/durable/engine/index.js";
import { createStore } from "../../src/store/store.js";
import { createMemoryTables } from "../../src/store/tables/memory-tables.js";
import { careFor } from "./client/repairer.js";
import { Client } from "./client/client.js";
import { heckle } from "./client/nemesis.js";
import { runErrand } from "./client/operator.js";
import { respond } from "./client/responder.js";
import { sweepEveryMinute } from "./client/sweeper.js";
import type { Town } from "./client/environment.js";
import { goesForAWalk, walk } from "./client/scripted-scenario.js";
import { collect } from "./collect.js";
import type { Script } from "./crash-points/script.js";
import type { Evidence, Timing } from "./evidence.js";
import { loadedApp } from "./runtime/app.js";
import { Cluster } from "./runtime/cluster.js";
import { Gate } from "./runtime/fault-proxy.js";
import type { Ground } from "./runtime/host.js";
import { sleep } from "./runtime/host-lifetime.js";
import { Poisoner, type Spoilt } from "./runtime/row-corruptor.js";
import { SpoilableHistory } from "./runtime/corruptible-history.js";
import { Journal } from "./runtime/tables.js";
import { settled, trapped } from "./runtime/determinism-sandbox.js";
import type { Mutant } from "./mutants/mutant.js";
import { Random } from "./random.js";
import { mishapsOf } from "./generators/faults.js";
import { plansOf } from "./generators/plans.js";
import { worldOf } from "./generators/world.js";

/** How a run differs from what its seed says. */
export interface SimulationOptions {
  /** Ids of errands, heckles and mishaps that are left out. */
  omit?: readonly string[];
  /** `none`: nothing goes wrong that a user did not ask for. */
  faults?: "seeded" | "none";
  mutant?: Mutant;
  /** Written down, in place of what the seed would draw. */
  script?: Script;
}

const GROWN_MS = 5 * 3_600_000;
/** Faults end here at the latest. */
const ROUGH_MS = 6 * 86_400_000;
/** Within this time after them everything must have come to rest: retries, step limits and questions among them. */
const CALM_MS = 5 * 86_400_000;
/** Stragglers have this long after the rest before the evidence is taken. */
const AFTERMATH_MS = 2 * 3_600_000;

const NOTHING_BROKEN: Mutant = { breaks: "I1", what: "nothing" };

/** Runs the product in the world that a seed makes, and gives back what can be known of the run. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Evidence> {
  const app = await loadedApp();
  return trapped(() => new Simulation(seed, app, options).run());
}

class Simulation {
  readonly #seed: number;
  readonly #random: Random;
  readonly #omit: ReadonlySet<string>;
  readonly #faults: boolean;
  readonly #script: Script | undefined;
  readonly #clock = new VirtualClock();
  readonly #ground: Ground;
  readonly #town: Town;
  readonly #problems: unknown[] = [];
  readonly #parts: string[] = [];
  readonly #rawTables = createMemoryTables();
  readonly #rawHistory = new SpoilableHistory();

  constructor(seed: number, app: LoadedApp, { omit = [], faults = "seeded", mutant, script }: SimulationOptions) {
    this.#script = script;
    this.#seed = seed;
    this.#random = new Random(`seed/${seed}`);
    this.#omit = new Set(omit);
    this.#faults = faults === "seeded";
    const world = script?.world ?? worldOf(this.#random.fork("world"));
    this.#ground = this.#groundOf(app, mutant ?? NOTHING_BROKEN, world.id);
    const { gate, journal } = this.#ground;
    const plans = script ? [script.plan] : plansOf(world, this.#random.fork("plans"));
    const cluster = new Cluster(this.#ground);
    const client = new Client({ clock: this.#clock, cluster, gate, world });
    const peek = createStore(this.#rawTables);
    this.#town = {
      clock: this.#clock,
      ...{ cluster, client, journal, peek, world, plans },
      ...{ calm: false, busy: 0, cares: 0 },
    };
  }

  #groundOf(app: LoadedApp, mutant: Mutant, worldId: string): Ground {
    const random = this.#random.fork("ground");
    const drawn = this.#faults ? mishapsOf(this.#random.fork("mishaps")) : [];
    const mishaps = (this.#script?.mishaps ?? drawn).filter(({ id }) => this.#has(id));
    const weather = {
      delayed: random.pick([0, 0, 0.1, 0.4]),
      longestMs: random.pick([20, 2_000]),
    };
    const journal = new Journal();
    const clock = this.#clock;
    return {
      app,
      clock,
      tables: this.#rawTables,
      history: this.#rawHistory,
      gate: new Gate({ clock, weather, random: this.#random.fork("gate"), mishaps }),
      journal,
      poisoner: new Poisoner({
        ...{ clock, tables: this.#rawTables, history: this.#rawHistory, journal, worldId },
        random: this.#random.fork("poisoner"),
        found: (spoilt, forMs) => this.#careFor(spoilt, forMs),
      }),
      hubRecord: { commits: [], messages: [], log: [], changed: () => journal.wake() },
      effects: { activities: [], operations: [], webhooks: [] },
      limits: {
        operationsAtOnce: 50, // the composition's number
        hypervisorOperations: random.pick([100, 100, 10, 2]),
        activitiesAtOnce: random.pick([20, 2]),
        orchestratorsAtOnce: 20,
      },
      durations: random.chance(0.3) ? "zero" : "realistic",
      replay: random.chance(0.1) ? "every-step" : "normal",
      activityMishaps: new Map(mishaps.flatMap((mishap) => (mishap.kind === "activity" ? [[mishap.nth, mishap]] : []))),
      random,
      mutant,
    };
  }

  /** Whether a part of the run is played; it is noted either way which parts there are. */
  #has(id: string): boolean {
    this.#parts.push(id);
    return !this.#omit.has(id);
  }

  async run(): Promise<Evidence> {
    const beganMs = this.#clock.now();
    const { gate } = this.#ground;
    gate.rough = false;
    await this.#prepare();
    gate.rough = this.#faults;
    if (this.#script) this.#follow(this.#script);
    else this.#begin();
    await this.#drive(() => this.#town.busy === 0, ROUGH_MS);
    const faultsOffMs = this.#clock.now();
    const calm = await this.#calmDown();
    const rested = await this.#drive(() => calm() && this.#isAtRest(), CALM_MS);
    const restedMs = this.#clock.now();
    await this.#drive(() => false, AFTERMATH_MS);
    const timing: Timing = { beganMs, faultsOffMs, endedMs: this.#clock.now() };
    const evidence = await this.#evidence(timing, rested ? restedMs : null);
    if (this.#problems.length > 0) throw this.#problems[0];
    return evidence;
  }

  /** A world and its plans, and some hours for recovery points of every kind, before anything goes wrong. */
  async #prepare(): Promise<void> {
    const { cluster, client, plans } = this.#town;
    let prepared = false;
    this.#spawn(async () => {
      await cluster.boot();
      await client.ask({ kind: "import-world" });
      for (const plan of plans) await client.ask({ kind: "save-plan", plan, ifMatch: null });
      await sleep(this.#clock, GROWN_MS);
      prepared = true;
    });
    await this.#drive(() => prepared, ROUGH_MS);
    const refused = client.ledger.find(({ outcome }) => outcome !== "ok");
    if (refused) throw new Error(`the scene of seed ${this.#seed} is not valid: ${JSON.stringify(refused.answer)}`);
  }

  /** Sends out the one user of a script. */
  #follow(script: Script): void {
    const town = this.#town;
    this.#spawn(() => sweepEveryMinute(town), false);
    this.#spawn(() => script.act(town, this.#ground.gate));
  }

  /** Sends everybody out. */
  #begin(): void {
    const town = this.#town;
    const random = this.#random.fork("client");
    this.#spawn(() => respond(town, random.fork("responder")), false);
    this.#spawn(() => sweepEveryMinute(town), false);
    const many = (town.world.items ?? []).length > 12;
    const walker = random.fork("walk");
    const walks = goesForAWalk(walker);
    if (walks && this.#has("walk")) this.#spawn(() => walk(town, `${this.#seed}/walk`, walker));
    const operators = random.weighted({ one: 3, two: 1 }) === "one" ? 1 : 2;
    for (let operator = 0; !walks && operator < operators; operator += 1) {
      const own = random.fork(`operator/${operator}`);
      const steps = own.int(2, many ? 3 : 8);
      this.#spawn(async () => {
        for (let step = 0; step < steps; step += 1) {
          const id = `errand/${operator}/${step}`;
          if (this.#has(id)) await runErrand(town, `${this.#seed}/${id}`, own.fork(`step/${step}`));
        }
      });
    }
    const heckles = this.#faults ? random.fork("heckles").weighted({ none: 3, few: 4, many: 2 }) : "none";
    const count = { none: 0, few: random.fork("few").int(1, 2), many: random.fork("many").int(3, 7) }[heckles];
    for (let index = 0; index < count; index += 1) {
      const id = `heckle/${index}`;
      if (this.#has(id)) this.#spawn(() => heckle(town, random.fork(id)));
    }
  }

  /** No more faults, and none left in the estate. */
  async #calmDown(): Promise<() => boolean> {
    const town = this.#town;
    this.#ground.gate.rough = false;
    town.calm = true;
    let cleared = false;
    this.#spawn(async () => {
      await town.client.insist({ kind: "clear-fault", faultId: null }, this.#random.fork("clear"));
      cleared = true;
    });
    town.journal.wake();
    return () => cleared && town.cares === 0;
  }

  /** Somebody sees to a row that can't be read, some time. */
  #careFor(spoilt: Spoilt, forMs: number): void {
    const town = this.#town;
    this.#ground.gate.disturbances.push(spoilt.poison);
    town.cares += 1;
    this.#spawn(async () => {
      await careFor(town, spoilt, forMs);
      town.cares -= 1;
    }, false);
  }

  #isAtRest(): boolean {
    const { cluster, journal, client, busy } = this.#town;
    const { serving } = cluster;
    if (!serving || journal.running.size + journal.held.size > 0 || serving.hub.engine.sessions.size > 0 || busy > 0)
      return false;
    return client.pending === 0;
  }

  /** Somebody who acts on his own; `counts` when the run waits for his end. */
  #spawn(work: () => Promise<void>, counts = true): void {
    const town = this.#town;
    town.busy += counts ? 1 : 0;
    void work()
      .catch((problem: unknown) => this.#problems.push(problem))
      .finally(() => {
        town.busy -= counts ? 1 : 0;
      });
  }

  /** Lets everything run that can, then time go on; false when `limitMs` pass first or nothing is left to happen. */
  async #drive(done: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#clock.now() + limitMs;
    for (;;) {
      await settled();
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
        town: this.#town,
        ground: this.#ground,
        timing,
        restedMs,
        moving: () => this.#moving(),
      });
    }, false);
    await this.#drive(() => evidence !== undefined, CALM_MS);
    if (!evidence) throw new Error(`the evidence of seed ${this.#seed} could not be taken`);
    return evidence;
  }

  #moving(): string[] {
    const { cluster, journal, client, busy } = this.#town;
    const sessions = [...(cluster.serving?.hub.engine.sessions.keys() ?? [])];
    return [
      ...(cluster.serving ? [] : ["no host serves"]),
      ...[...journal.running].map((id) => `execution ${id}`),
      ...sessions.map((id) => `instance ${id}`),
      ...(client.pending > 0 ? [`${client.pending} requests`] : []),
      ...(busy > 0 ? [`${busy} users`] : []),
    ];
  }
}
