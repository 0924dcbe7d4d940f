import { RestError } from "@azure/data-tables";
import type { VirtualClock } from "../../../host/durable/engine/index.js";
import { InstanceSuspendedError } from "../../../host/durable/engine/suspended-instances.js";
import { UnreadableError } from "../../../host/durable/store/port.js";
import type { Context } from "../../../src/commands/context.js";
import { RecoveryError } from "../../../src/domain/errors.js";
import type { PlanInput } from "../../../src/domain/plan.js";
import type { WorldInput } from "../../../src/domain/world.js";
import type { Store } from "../../../src/store/port.js";
import type { Cluster } from "../machine/cluster.js";
import type { Journal } from "../machine/tables.js";
import type { Client } from "./client.js";

/** What everybody who acts in a run knows and can reach. */
export interface Town {
  clock: VirtualClock;
  cluster: Cluster;
  client: Client;
  journal: Journal;
  /** Reads without going through the gate: what a person sees who looks at a page. */
  peek: Store;
  world: WorldInput;
  plans: PlanInput[];
  /** True once the faults are over: whoever answers does it at once, and nobody begins anything more. */
  calm: boolean;
  /** How many of the operators and hecklers are still at it. */
  busy: number;
  /** How many rows can't be read and have not been seen to. */
  cares: number;
}

/** What somebody sees who looks at a page; undefined when it can't be shown now, and he looks again later. */
export async function shown<T>(page: Promise<T>): Promise<T | undefined> {
  try {
    return await page;
  } catch (error) {
    const isOfStore = error instanceof RestError || (error instanceof RecoveryError && error.code === "row-unreadable");
    if (isOfStore || error instanceof InstanceSuspendedError || error instanceof UnreadableError) return undefined;
    throw error;
  }
}

/** The serving host's context, read without delays or crashes; undefined while no host serves. */
export function glance({ cluster, peek }: Town): Context | undefined {
  const host = cluster.serving;
  return host && { ...host.context, store: peek };
}
