import type { VirtualClock } from "../../../host/durable/engine/index.js";
import { sweepExecutions } from "../../../src/commands/sweep.js";
import { RecoveryError } from "../../../src/domain/errors.js";
import type { WorldInput } from "../../../src/domain/world.js";
import type { ClientEntry } from "../evidence.js";
import type { Cluster } from "../runtime/cluster.js";
import type { Gate } from "../runtime/fault-proxy.js";
import type { SimulatedHost } from "../runtime/host.js";
import { sleep } from "../runtime/host-lifetime.js";
import type { Random } from "../random.js";
import { perform } from "./perform.js";
import type { Asked } from "./requests.js";

/** A caller gives up in the end. */
const MOST_TRIES = 12;

interface Heard {
  outcome: ClientEntry["outcome"];
  code: string | null;
  answer: unknown;
}

const UNHEARD: Heard = { outcome: "unknown", code: null, answer: "the host died" };

/** Whoever asks the product for something, and keeps a ledger of it. */
export class Client {
  readonly ledger: ClientEntry[] = [];
  /** How many requests are under way. */
  pending = 0;
  readonly #clock: VirtualClock;
  readonly #cluster: Cluster;
  readonly #gate: Gate;
  readonly #world: WorldInput;

  constructor(options: { clock: VirtualClock; cluster: Cluster; gate: Gate; world: WorldInput }) {
    this.#clock = options.clock;
    this.#cluster = options.cluster;
    this.#gate = options.gate;
    this.#world = options.world;
  }

  /** Asks once, and writes down what came of it. */
  async ask(asked: Asked, repeats: number | null = null): Promise<ClientEntry> {
    const host = await this.#cluster.live();
    const entry: ClientEntry = {
      n: this.ledger.length + 1,
      atMs: this.#clock.now(),
      endedMs: null,
      generation: host.life.generation,
      asked,
      repeats,
      outcome: "unknown",
      code: null,
      answer: null,
      executionId: null,
    };
    this.ledger.push(entry);
    this.pending += 1;
    const heard = await Promise.race([this.#heard(host, asked), host.life.died.then(() => UNHEARD)]);
    this.pending -= 1;
    Object.assign(entry, heard);
    if (heard !== UNHEARD) entry.endedMs = this.#clock.now();
    if (asked.kind === "start" && entry.outcome === "ok") {
      entry.executionId = (entry.answer as { executionId: string }).executionId;
    }
    return entry;
  }

  /** Asks until it knows what came of it, as a careful caller does: the same request again, after a while. */
  async insist(asked: Asked, random: Random): Promise<ClientEntry> {
    const first = await this.ask(asked);
    let last = first;
    for (let tries = 1; tries < MOST_TRIES && isUnsure(last); tries += 1) {
      await sleep(this.#clock, random.skewed(100, 60_000));
      last = await this.ask(asked, first.n);
    }
    return last;
  }

  /** The timer's look after executions; nobody asked for it, so it is in no ledger. */
  async sweep(): Promise<void> {
    const host = await this.#cluster.live();
    const swept = sweepExecutions(host.context).catch(() => undefined);
    await Promise.race([swept, host.life.died]);
  }

  async #heard(host: SimulatedHost, asked: Asked): Promise<Heard> {
    const passenger = host.passenger;
    try {
      const answer = await this.#gate.pass(passenger, "request", asked.kind, () =>
        perform(host.context, asked, this.#world),
      );
      return { outcome: "ok", code: null, answer: answer ?? null };
    } catch (thrown) {
      const refused = thrown instanceof RecoveryError;
      const answer = thrown instanceof Error ? thrown.message : String(thrown);
      return { outcome: refused ? "refused" : "fail", code: refused ? thrown.code : null, answer };
    }
  }
}

const isUnsure = ({ outcome }: ClientEntry): boolean => outcome === "unknown" || outcome === "fail";
