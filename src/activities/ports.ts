import type { Clock } from "../domain/clock.js";
import type { Hypervisor } from "../hypervisor/port.js";
import type { Store } from "../store/port.js";

/** What activities act on. Built once, in the composition. */
export interface Ports {
  readonly store: Store;
  readonly hypervisor: Hypervisor;
  readonly clock: Clock;
  readonly settings: {
    /** Emulated seconds per real second. */
    readonly speed: number;
    /** How much real time one step may take. */
    readonly stepLimitMs: number;
    readonly allowPrivateWebhooks: boolean;
  };
  /** Refuses with `cancelled` once somebody asked for the end of the execution, with `execution-ended` once it has ended. */
  refuseIfOver(executionId: string): Promise<void>;
}
