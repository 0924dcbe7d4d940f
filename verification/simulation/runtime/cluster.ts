/**
 * The cluster supervises the hosts of a run. Its guarantees (cluster.test.ts):
 *
 * L1. When the newest host dies, another one starts after the pause of the fault.
 * L2. At most one host serves clients, and it is the newest. An older host may continue without serving, until it
 *     notices that it lost the hub.
 * L3. A request for a host waits until one serves, so no client talks to a dead host.
 * L4. Clock skew belongs to the machine: the next host inherits it.
 */
import { HUB_ROWS } from "../evidence.js";
import type { Caller } from "./fault-proxy.js";
import { SimulatedHost } from "./host.js";
import { HostLifetime, sleep } from "./host-lifetime.js";
import type { Infrastructure } from "./infrastructure.js";

/**
 * The hosts of a run, one after another. Two of them run at once while the older one has not noticed that it was
 * replaced.
 */
export class Cluster {
  readonly #infrastructure: Infrastructure;
  #generation = 0;
  #serving: SimulatedHost | undefined;
  #waiting: ((host: SimulatedHost) => void)[] = [];
  #skewMs = 0;
  readonly hosts: SimulatedHost[] = [];

  constructor(infrastructure: Infrastructure) {
    this.#infrastructure = infrastructure;
  }

  get serving(): SimulatedHost | undefined {
    return this.#serving;
  }

  /** The host that serves now, or the next one that does. */
  live(): Promise<SimulatedHost> {
    const serving = this.#serving;
    if (serving) return Promise.resolve(serving);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Starts a host on the stores as they are. */
  async boot(): Promise<void> {
    this.#generation += 1;
    const lifetime = new HostLifetime(this.#generation);
    const caller: Caller = {
      lifetime,
      crash: ({ pauseMs }) => this.#die(host, pauseMs),
      overlap: ({ forMs }) => this.#overlap(host, forMs),
      setClockSkew: (skewMs) => {
        this.#skewMs = skewMs;
        host.clock.skewMs = skewMs;
      },
      corruptRow: (fault, subject) => {
        void this.#infrastructure.rowCorruptor.inject(fault, subject);
        // A host does not read again what it has in memory. So the host crashes too, and the next one reads the row.
        if (HUB_ROWS.has(fault.what)) this.#die(host, 1_000);
      },
    };
    // A host that loses the hub ends, and its supervisor starts the next one.
    const onFatal = (): void => this.#die(host, 1_000);
    const host = new SimulatedHost(this.#infrastructure, caller, { skewMs: this.#skewMs, onFatal });
    this.hosts.push(host);
    try {
      await host.hub.open();
    } catch {
      this.#die(host, 5_000);
      return;
    }
    // A host that lost the hub while it opened it has been replaced. Clients use the newer one.
    if (!lifetime.alive || !this.#isNewest(host)) return;
    this.#serving = host;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(host);
  }

  #die(host: SimulatedHost, pauseMs: number): void {
    if (!host.lifetime.alive) return;
    host.lifetime.end();
    if (this.#isNewest(host)) this.#bootAfter(pauseMs);
    if (this.#serving === host) this.#serving = undefined;
  }

  #isNewest = (host: SimulatedHost): boolean => host.lifetime.generation === this.#generation;

  #bootAfter(pauseMs: number): void {
    const { clock } = this.#infrastructure;
    void sleep(clock, pauseMs).then(() => this.boot());
  }

  /** Another host takes the hub over; this one continues until it notices. */
  #overlap(host: SimulatedHost, forMs: number): void {
    if (!host.lifetime.alive || !this.#isNewest(host)) return;
    const { clock, proxy } = this.#infrastructure;
    const { generation } = host.lifetime;
    proxy.injectedFaults.push({ atMs: clock.now(), kind: "overlap", generation, lostMs: clock.now() + forMs });
    if (this.#serving === host) this.#serving = undefined;
    void this.boot();
    void sleep(clock, forMs).then(() => host.lifetime.end());
  }
}
