import { RestError } from "@azure/data-tables";
import type { VirtualClock } from "../../../host/durable/engine/index.js";
import { InstanceSuspendedError } from "../../../host/durable/engine/suspended-instances.js";
import { UnreadableError } from "../../../host/durable/store/port.js";
import type { Context } from "../../../src/commands/context.js";
import { RecoveryError } from "../../../src/domain/errors.js";
import type { PlanInput } from "../../../src/domain/plans/plan.js";
import type { WorldInput } from "../../../src/domain/worlds/world.js";
import type { Store } from "../../../src/store/port.js";
import type { Sighting } from "../evidence.js";
import type { Cluster } from "../runtime/cluster.js";
import type { Journal } from "../runtime/tables.js";
import type { Client } from "./client.js";

/** The shared state of all users in a run. */
export interface Environment {
  clock: VirtualClock;
  cluster: Cluster;
  client: Client;
  journal: Journal;
  /** Reads the stores without the fault proxy, like a person who looks at a page. */
  directStore: Store;
  world: WorldInput;
  plans: PlanInput[];
  /** True once the faults are over: users answer immediately and start nothing new. */
  quiescing: boolean;
  /** Plans want approvals, and people decide about them. */
  readonly approving: boolean;
  /** People steer executions, and plans have commit timers. */
  readonly steering: boolean;
  /** Sources of webhooks are registered, and hostile callers try what they may not. */
  readonly sources: boolean;
  /** Users agree to everything. */
  readonly calm: boolean;
  /** What executions said while something hung. */
  readonly sightings: Sighting[];
  /** Operators and nemeses that have not finished. */
  activeUsers: number;
  /** Corrupted rows that nobody has repaired yet. */
  pendingRepairs: number;
}

/** Reads something; undefined when it can't be read now, so that the user looks again later. */
export async function ifReadable<T>(page: Promise<T>): Promise<T | undefined> {
  try {
    return await page;
  } catch (error) {
    const isOfStore = error instanceof RestError || (error instanceof RecoveryError && error.code === "row-unreadable");
    if (isOfStore || error instanceof InstanceSuspendedError || error instanceof UnreadableError) return undefined;
    throw error;
  }
}

/**
 * The context of the serving host, with reads that are neither delayed nor interrupted; undefined while no host serves.
 */
export function servingContext({ cluster, directStore }: Environment): Context | undefined {
  const host = cluster.serving;
  return host && { ...host.context, store: directStore };
}
