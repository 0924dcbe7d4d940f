import type { VirtualClock } from "../../../host/durable/engine/index.js";
import { decideApproval } from "../../../src/commands/approvals.js";
import { sweepExecutions } from "../../../src/commands/sweep.js";
import { sweepWebhooks } from "../../../src/commands/webhooks/sweep.js";
import { RecoveryError } from "../../../src/domain/errors.js";
import type { WorldInput } from "../../../src/domain/worlds/world.js";
import type { ClientEntry } from "../evidence.js";
import type { Random } from "../random.js";
import type { Cluster } from "../runtime/cluster.js";
import type { FaultProxy } from "../runtime/fault-proxy.js";
import type { SimulatedHost } from "../runtime/host.js";
import { sleep } from "../runtime/host-lifetime.js";
import { requestScope } from "../runtime/request-scope.js";
import { perform } from "./perform.js";
import type { ClientRequest } from "./requests.js";

/** Then the caller gives up. */
const MAX_TRIES = 12;

interface Answer {
  outcome: ClientEntry["outcome"];
  code: string | null;
  answer: unknown;
}

const NO_ANSWER: Answer = { outcome: "unknown", code: null, answer: "the host died" };

/** Sends requests to the product and keeps a ledger of them. */
export class Client {
  readonly ledger: ClientEntry[] = [];
  /** The number of requests in progress. */
  pending = 0;
  readonly #clock: VirtualClock;
  readonly #cluster: Cluster;
  readonly #proxy: FaultProxy;
  readonly #world: WorldInput;

  constructor(options: { clock: VirtualClock; cluster: Cluster; proxy: FaultProxy; world: WorldInput }) {
    this.#clock = options.clock;
    this.#cluster = options.cluster;
    this.#proxy = options.proxy;
    this.#world = options.world;
  }

  /** Sends a request once and records the result. */
  async send(request: ClientRequest, repeats: number | null = null): Promise<ClientEntry> {
    const host = await this.#cluster.live();
    const entry: ClientEntry = {
      n: this.ledger.length + 1,
      atMs: this.#clock.now(),
      endedMs: null,
      generation: host.lifetime.generation,
      request,
      repeats,
      outcome: "unknown",
      code: null,
      answer: null,
      executionId: null,
    };
    this.ledger.push(entry);
    this.pending += 1;
    const answer = await Promise.race([
      this.#perform(host, request, entry.n),
      host.lifetime.died.then(() => NO_ANSWER),
    ]);
    this.pending -= 1;
    Object.assign(entry, answer);
    if (answer !== NO_ANSWER) entry.endedMs = this.#clock.now();
    if (request.kind === "start" && entry.outcome === "ok") {
      entry.executionId = (entry.answer as { executionId: string }).executionId;
    }
    return entry;
  }

  /** Repeats a request until the result is known, as a careful caller does. */
  async sendUntilKnown(request: ClientRequest, random: Random): Promise<ClientEntry> {
    const first = await this.send(request);
    let last = first;
    for (let tries = 1; tries < MAX_TRIES && isUncertain(last); tries += 1) {
      await sleep(this.#clock, random.skewed(100, 60_000));
      last = await this.send(request, first.n);
    }
    return last;
  }

  /** The sweep timer. It is not a client request, so it is not in the ledger. */
  async sweep(): Promise<void> {
    const host = await this.#cluster.live();
    const swept = sweepExecutions(host.context).catch(() => undefined);
    await Promise.race([swept, host.lifetime.died]);
  }

  /** The part of the sweep timer that completes messages whose request died. */
  async sweepWebhooks(): Promise<void> {
    const host = await this.#cluster.live();
    const swept = sweepWebhooks(host.context, decideApproval).catch(() => undefined);
    await Promise.race([swept, host.lifetime.died]);
  }

  async #perform(host: SimulatedHost, request: ClientRequest, n: number): Promise<Answer> {
    const caller = host.caller;
    try {
      const answer = await this.#proxy.call(caller, "request", request.kind, () =>
        requestScope.run({ n }, () => perform(host.context, request, this.#world)),
      );
      return { outcome: "ok", code: null, answer: answer ?? null };
    } catch (thrown) {
      const refused = thrown instanceof RecoveryError;
      const answer = thrown instanceof Error ? thrown.message : String(thrown);
      return { outcome: refused ? "refused" : "fail", code: refused ? thrown.code : null, answer };
    }
  }
}

const isUncertain = ({ outcome }: ClientEntry): boolean => outcome === "unknown" || outcome === "fail";
