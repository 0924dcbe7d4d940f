import type { Clock } from "../domain/clock.js";
import type { Hypervisor } from "../hypervisor/port.js";
import type { Store } from "../store/port.js";

/** Which way a step leads: `forward` ones are not done any more once the execution is cancelled, those `back` still are. */
export type Way = "forward" | "back";

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
  /** Refuses with `execution-ended` once the execution has ended, and what leads forward with `cancelled` once somebody asked for its end. */
  refuseIfOver(executionId: string, way: Way): Promise<void>;
}
