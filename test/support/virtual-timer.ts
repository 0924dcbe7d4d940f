import type { Alarm } from "../../host/clock.js";
import type { EngineTaskHub, VirtualClock } from "../../host/durable/engine/index.js";
import { toMs } from "../../src/domain/text.js";
import { deliverDue } from "../../src/notifications/deliver-due.js";
import type { Ports } from "../../src/ports.js";

/** After everything that waits. */
const FAR_AWAY = "9999-01-01T00:00:00.000Z";

/** The timer that delivers what waits in the outbox, in virtual time: it rings when something is due. */
export class DeliveryTimer {
  readonly #hub: EngineTaskHub;
  readonly #clock: VirtualClock;
  #next: { dueMs: number; alarm: Alarm } | undefined;

  constructor(hub: EngineTaskHub, clock: VirtualClock) {
    this.#hub = hub;
    this.#clock = clock;
  }

  /** Sets the alarm for the message that is due first. */
  async set(ports: Ports): Promise<void> {
    const { store } = ports;
    const endpoints = await store.listEndpoints();
    const first = await Promise.all(endpoints.map((endpoint) => store.listDueMessages(endpoint, FAR_AWAY, 1)));
    const times = first.flat().map(({ value }) => toMs(value.nextAt));
    const dueMs = Math.max(Math.min(...times), this.#clock.now());
    if (times.length === 0 || (this.#next !== undefined && this.#next.dueMs <= dueMs)) return;
    this.#next?.alarm.cancel();
    this.#next = { dueMs, alarm: this.#clock.at(dueMs, () => this.#deliver(ports)) };
  }

  #deliver(ports: Ports): void {
    this.#next = undefined;
    const deliver = async (): Promise<void> => {
      await deliverDue(ports, new Set());
      await this.set(ports);
    };
    this.#hub.engine.inFlight.run(deliver, (error) => {
      throw error;
    });
  }
}
