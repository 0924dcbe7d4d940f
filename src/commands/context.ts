import type { Orchestrations } from "../durable/client.js";
import type { EmulatedEstate } from "../hypervisor/port.js";
import type { Identity } from "../identity/port.js";
import type { Ports } from "../ports.js";

/** What commands work with: the ports of activities and more. Built once, in the composition. */
export interface Services extends Ports {
  readonly estate: EmulatedEstate;
  readonly identity: Identity;
}

/** The services together with the task hub of the request. */
export interface Context extends Services {
  readonly orchestrations: Orchestrations;
}
