import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parse } from "yaml";
import { createClient } from "../../src/api/client.js";
import { ROUTES } from "../../src/api/routes.js";
import { Plan } from "../../src/domain/plans/plan.js";
import { World } from "../../src/domain/worlds/world.js";
import { type Azurite, type AzuritePorts, startAzurite } from "../../test/support/azurite.js";
import { describeEnd, HostProcess } from "../support/host-process.js";
import { SeededRandom } from "../support/random.js";
import * as checks from "./checks.js";
import { StorageProxy, type Write } from "./storage-proxy.js";
import { allRows, readTruth, type Truth } from "./truth.js";
import { User } from "./user.js";

/** Rows may still be written for this long after an execution has ended. */
const REST_LIMIT_MS = 15_000;
/** Generous, because other programs share the machine. The report shows the real times. */
const PROGRESS_LIMIT_MS = 60_000;
const SAMPLE = join(process.cwd(), "samples/mixed-estate");

export interface StackSettings {
  seed: number;
  speed: number;
}

/** The product on real parts: a host process, a proxy that can break connections, and Azurite on disk. */
export class Stack {
  readonly random: SeededRandom;
  readonly user: User;
  readonly prefix: string;
  proxy: StorageProxy;
  host: HostProcess;
  azurite: Azurite;
  /** The address of the newest host that is ready. */
  url: string;
  /** The data folder of Azurite. */
  readonly folder: string;
  /** Periods, in milliseconds since the epoch, from which the storage lost acknowledged writes. */
  readonly lost: { fromMs: number; toMs: number }[] = [];
  readonly #speed: number;
  readonly #plan: Plan;
  readonly #worldId: string;

  private constructor(parts: {
    settings: StackSettings;
    folder: string;
    azurite: Azurite;
    proxy: StorageProxy;
    prefix: string;
    host: HostProcess;
    url: string;
    plan: Plan;
    worldId: string;
  }) {
    const { settings, folder, azurite, proxy, prefix, host, url, plan, worldId } = parts;
    this.random = new SeededRandom(settings.seed);
    this.user = new User({ worldId, planId: plan.id }, () => this.url, new SeededRandom(settings.seed + 1));
    this.prefix = prefix;
    this.proxy = proxy;
    this.host = host;
    this.azurite = azurite;
    this.url = url;
    this.folder = folder;
    this.#speed = settings.speed;
    this.#plan = plan;
    this.#worldId = worldId;
  }

  /** Starts everything, and imports forty machines and their plan. */
  static async start(settings: StackSettings): Promise<Stack> {
    const folder = await mkdtemp(join(tmpdir(), "secondsite-chaos-azurite-"));
    const azurite = await startAzurite(folder);
    const proxy = await StorageProxy.start(azurite.ports);
    const prefix = `C${randomUUID().replaceAll("-", "").slice(0, 12)}`;
    const host = await HostProcess.spawn({
      connectionString: viaProxy(azurite.connectionString, azurite.ports, proxy.ports),
      prefix,
      speed: settings.speed,
    });
    const url = await host.ready;
    const world = World.parse(parse(await readFile(join(SAMPLE, "world.yaml"), "utf8")));
    const plan = Plan.parse(parse(await readFile(join(SAMPLE, "plan.yaml"), "utf8")));
    const client = createClient(url);
    await client.call(ROUTES.importWorld, { params: { worldId: world.id }, body: world });
    await client.call(ROUTES.savePlan, { params: { planId: plan.id }, body: plan });
    return new Stack({ settings, folder, azurite, proxy, prefix, host, url, plan, worldId: world.id });
  }

  /**
   * Starts a host in place of the current one, optionally over a proxy of its own. Does not wait until it is ready.
   */
  async startHost({ port, proxy = this.proxy }: { port?: number; proxy?: StorageProxy } = {}): Promise<HostProcess> {
    const { connectionString, ports } = this.azurite;
    this.proxy = proxy;
    this.host = await HostProcess.spawn({
      connectionString: viaProxy(connectionString, ports, proxy.ports),
      prefix: this.prefix,
      speed: this.#speed,
      ...(port === undefined ? {} : { port }),
    });
    return this.host;
  }

  /** Starts a host in place of the current one, and waits until it is ready. */
  async restart(): Promise<HostProcess> {
    const host = await this.startHost();
    this.url = await host.ready;
    return host;
  }

  /** Whether the storage lost the writes of this time. */
  isLost(atMs: number): boolean {
    return this.lost.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs);
  }

  /** Waits for a transaction after the first `after` writes; undefined when none comes in time. */
  async waitForWrite(after: number): Promise<Write | undefined> {
    const endMs = performance.now() + PROGRESS_LIMIT_MS;
    for (;;) {
      const write = this.proxy.writes.slice(after).find(({ path }) => path.endsWith("$batch"));
      if (write || performance.now() > endMs) return write;
      await wait(20);
    }
  }

  get hostTail(): string {
    return this.host.tail;
  }

  /** How the host ended on its own, and the end of its log; empty while it runs. */
  async unexpectedEnd(): Promise<string[]> {
    if (this.host.isRunning) return [];
    return [`the host ended unexpectedly ${describeEnd(await this.host.ended)}: ${this.hostTail}`];
  }

  rows(table: string): Promise<Record<string, unknown>[]> {
    return allRows(this.azurite.connectionString, `${this.prefix}${table}`);
  }

  newProxy(): Promise<StorageProxy> {
    return StorageProxy.start(this.azurite.ports);
  }

  /** Starts Azurite again on its folder and ports. */
  async startAzurite(): Promise<void> {
    this.azurite = await startAzurite(this.folder, this.azurite.ports);
  }

  /** Checks everything once it is at rest, and returns the findings. */
  async check(): Promise<string[]> {
    const truth = await this.#settledTruth();
    return [
      ...checks.unfinishedInstances(truth),
      ...checks.outcomesMatchRecords(truth, this.user.completed),
      ...checks.acknowledgedIsDurable(
        truth,
        this.user.requests.filter(({ atMs }) => !this.isLost(atMs)),
      ),
      ...checks.effectsAtMostOnce(truth),
      ...checks.singleWriter(truth),
      ...checks.groupsInOrder(truth, this.#plan),
      ...checks.statesMatchEstate(truth),
    ];
  }

  /** Instance rows follow the history within a second. */
  async #settledTruth(): Promise<Truth> {
    const endMs = performance.now() + REST_LIMIT_MS;
    for (;;) {
      const truth = await this.truth();
      if (checks.unfinishedInstances(truth).length === 0 || performance.now() > endMs) return truth;
      await wait(500);
    }
  }

  truth(): Promise<Truth> {
    return readTruth(this.azurite.connectionString, this.prefix, this.#worldId);
  }

  async remove(): Promise<void> {
    await this.host.end("SIGTERM");
    await this.proxy.remove();
    await this.azurite.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The connection string with the ports of the proxy. */
function viaProxy(connectionString: string, direct: AzuritePorts, wired: AzuritePorts): string {
  return (["blob", "queue", "table"] as const).reduce(
    (text, service) => text.replace(`:${direct[service]}/`, `:${wired[service]}/`),
    connectionString,
  );
}
