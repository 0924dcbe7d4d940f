import type { Clock } from "./domain/clock.js";
import type { Execution } from "./domain/execution.js";
import type { HashFunction } from "./domain/identity.js";
import type { Steered } from "./domain/steering/in-force.js";
import type { Hypervisor } from "./hypervisor/port.js";
import type { Endpoints } from "./notifications/endpoints.js";
import type { StepDirection } from "./steps/catalogue.js";
import type { Store } from "./store/port.js";

/** The values of secrets by their names. A value goes into no record, answer, log or history. */
export interface Secrets {
  /** Undefined when the setting `SECRET_<name>` is missing or empty. */
  get(name: string): string | undefined;
}

/** What activities and commands act on. Built once, in the composition. */
export interface Ports {
  readonly store: Store;
  readonly hypervisor: Hypervisor;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly hash: HashFunction;
  /** What this process knows of the addresses of notifications. */
  readonly endpoints: Endpoints;
  readonly settings: {
    /** Emulated seconds per real second. */
    readonly speed: number;
    /** How much real time one step may take. */
    readonly stepLimitMs: number;
    readonly allowPrivateWebhooks: boolean;
    /** Where others reach this installation, for links and call-backs; null when it does not know. */
    readonly publicBaseUrl: string | null;
  };
  /** Refuses with `execution-ended` once the execution has ended, and a forward step with `cancelled` once it was cancelled. */
  assertActive(executionId: string, direction: StepDirection): Promise<void>;
  /**
   * How people steered an execution; null if it has no record.
   * @param fresh read now: an answer of a moment ago may miss what was acknowledged since
   */
  steeringOf(executionId: string, fresh?: boolean): Promise<Steered | null>;
  /** The whole record as it is now, which also answers the next `steeringOf`. One request in place of two. */
  executionNow(executionId: string): Promise<Execution | null>;
}
