/*
 * The unfinished instances that the store lists, and the messages that wait for them.
 *
 * I1. When the hub has opened, every unfinished instance of the store is in memory or suspended.
 *     Test: durable/replaced-host.test.ts ("an instance that a host ran while it was being replaced has ended").
 * I2. A host that is being replaced may still make starts and messages durable until it notices. They are found without
 *     a restart: the store is listed again one lease later, and once more for a host that was paused for longer.
 *     Test: durable/replaced-host.test.ts ("an instance runs one lease later", "after a pause of ten minutes").
 * I3. A message is delivered once, also when it is read again. A message of a replaced host that comes late in the order
 *     of the keys is sent again under a new key. Test: durable/replaced-host.test.ts ("an event that a replaced host wrote", "an event
 *     that waits for its turn").
 */

import type { Alarm } from "../../clock.js";
import { HubLostError, type StoredInbox, type Unfinished } from "../store/port.js";
import { refuseOtherVersions } from "../versions.js";
import type { Engine } from "./engine.js";
import { ignoreSuspended } from "./suspended-instances.js";

const LOAD_CONCURRENCY = 8;
const LEASE_MS = 30_000;
/**
 * When the store is listed again, counted from the opening. A replaced host notices within one lease. A process that was
 * paused may send one request when it continues, however late that is; the last listing is for such a host.
 */
const LIST_AGAIN_AFTER_MS = [LEASE_MS, 40 * LEASE_MS];

/** Loads the unfinished instances of the store when the hub opens, and again later. */
export class UnfinishedInstances {
  readonly #engine: Engine;
  readonly #alarms = new Set<Alarm>();
  #closed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Loads them, and repeats this until the store lists no new one, because a host that is being replaced may start more
   * instances meanwhile.
   *
   * @throws ConfigurationError when one has a version that this app must not run
   */
  async open(): Promise<void> {
    const listed = await this.#list();
    this.#refuseOtherVersions(listed);
    const inbox = await this.#engine.inbox.read();
    await this.#load(listed, inbox, (more) => this.#refuseOtherVersions(more));
    for (const delayMs of LIST_AGAIN_AFTER_MS) this.#listAgainAfter(delayMs);
  }

  close(): void {
    this.#closed = true;
    for (const alarm of this.#alarms) alarm.cancel();
  }

  #listAgainAfter(delayMs: number): void {
    const { inFlight, options } = this.#engine;
    const alarm = options.clock.after(delayMs, () => {
      this.#alarms.delete(alarm);
      inFlight.run(
        () => this.#listAgain(),
        (error) => {
          this.#engine.fail(error);
          if (!this.#closed && !(error instanceof HubLostError)) this.#listAgainAfter(LEASE_MS);
        },
      );
    });
    this.#alarms.add(alarm);
  }

  async #listAgain(): Promise<void> {
    const inbox = await this.#engine.inbox.read();
    await this.#load(await this.#list(), inbox, (more) => this.#suspendOtherVersions(more));
  }

  /** Loads what is not in memory, then delivers the messages of all others. */
  async #load(listed: Unfinished[], inbox: StoredInbox, check: (unfinished: Unfinished[]) => void): Promise<void> {
    const known = new Set<string>();
    for (
      let fresh = listed;
      fresh.length > 0;
      fresh = (await this.#list()).filter((one) => !known.has(one.instanceId))
    ) {
      check(fresh);
      for (const { instanceId } of fresh) known.add(instanceId);
      const queue = fresh.map(({ instanceId }) => instanceId).filter((id) => this.#isUnknown(id));
      const worker = async (): Promise<void> => {
        for (let id = queue.shift(); id !== undefined && !this.#closed; id = queue.shift())
          await ignoreSuspended(this.#engine.load(id, inbox));
      };
      await Promise.all(Array.from({ length: LOAD_CONCURRENCY }, worker));
    }
    for (const [instanceId, messages] of inbox.messages) this.#engine.deliverInbox(instanceId, messages);
  }

  #isUnknown(instanceId: string): boolean {
    return !this.#engine.sessions.has(instanceId) && this.#engine.suspended.reason(instanceId) === undefined;
  }

  #list(): Promise<Unfinished[]> {
    return this.#engine.options.store.unfinishedInstances();
  }

  #refuseOtherVersions(unfinished: readonly Unfinished[]): void {
    const { hubName, versionMatch = "none", defaultVersion } = this.#engine.options;
    refuseOtherVersions(hubName, unfinished, versionMatch, defaultVersion);
  }

  /** The hub is open already, so another build's instance must not stop the others. */
  #suspendOtherVersions(unfinished: readonly Unfinished[]): void {
    for (const one of unfinished.filter(({ instanceId }) => this.#isUnknown(instanceId))) {
      try {
        this.#refuseOtherVersions([one]);
      } catch (error) {
        this.#engine.suspended.suspend(one.instanceId, error);
      }
    }
  }
}
