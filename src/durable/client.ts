/*
 * How commands ask the task hub, and which answers of its client mean "not yet".
 *
 * I1. An instance that the hub does not know is undefined, and one without a status is pending; neither is an error.
 *     On a genuine host a child has no status from a crash between its history and its row until it ends.
 *     Test: unit/durable/client.test.ts.
 * I2. Every other failure of the hub is thrown, so that it is not taken for an orchestration that is gone. Same test.
 */

import type { FunctionInput, InvocationContext } from "@azure/functions";
import { type DurableOrchestrationStatus, getClient, input, OrchestrationRuntimeStatus } from "durable-functions";
import type { z } from "zod";
import type { OrchestrationContract } from "./contract.js";
import { blockedReasonIn, type PackedSteps, stepsOfStatus } from "./progress.js";
import { type StepsByItem, stepsByItem } from "./slice-status.js";

/** An orchestration as its hub shows it. */
export interface InstanceView {
  readonly runtimeStatus: string;
  readonly steps: PackedSteps;
  /** The steps of the items that it runs. */
  readonly itemSteps: StepsByItem;
  /** Why it is blocked, by its own status. */
  readonly blockedReason: string | undefined;
  readonly output: unknown;
}

/** What commands ask of the task hub. */
export interface Orchestrations {
  /** Starts an orchestration under the given id. Does nothing when one with that id runs already. */
  start<I extends z.ZodType, O extends z.ZodType>(
    contract: OrchestrationContract<I, O>,
    id: string,
    input: z.input<I>,
  ): Promise<void>;
  /** Raises an event. One for an orchestration that is gone or finished, or for a child without a status, is dropped. */
  raise(id: string, event: string, data: object): Promise<void>;
  /** Undefined when the hub knows no such instance. */
  getStatus(id: string): Promise<InstanceView | undefined>;
}

/** The binding a function needs to reach the hub. */
export const orchestrationsBinding: FunctionInput = input.durableClient();

export function orchestrationsOf(context: InvocationContext): Orchestrations {
  const client = getClient(context);
  const getStatus = async (id: string): Promise<InstanceView | undefined> => {
    try {
      return viewOf(await client.getStatus(id, { showInput: false }));
    } catch (thrown) {
      return absent(thrown);
    }
  };
  return {
    async start(contract, id, startInput) {
      try {
        await client.startNew(contract.name, { instanceId: id, input: startInput });
      } catch (thrown) {
        if ((await getStatus(id)) === undefined) throw thrown;
      }
    },
    async raise(id, event, data) {
      try {
        await client.raiseEvent(id, event, data);
      } catch (thrown) {
        absent(thrown);
      }
    },
    getStatus,
  };
}

/** The hub has the instance, but cannot say yet how it is. */
const NO_STATUS_YET: InstanceView = {
  runtimeStatus: OrchestrationRuntimeStatus.Pending,
  steps: [],
  itemSteps: new Map(),
  blockedReason: undefined,
  output: undefined,
};

const STATUSES: ReadonlySet<unknown> = new Set(Object.values(OrchestrationRuntimeStatus));

function viewOf(status: DurableOrchestrationStatus | null | undefined): InstanceView | undefined {
  if (!status) return undefined;
  if (!STATUSES.has(status.runtimeStatus)) return NO_STATUS_YET;
  return {
    runtimeStatus: status.runtimeStatus,
    steps: stepsOfStatus(status.customStatus),
    itemSteps: stepsByItem(status.customStatus),
    blockedReason: blockedReasonIn(status.customStatus),
    output: status.output,
  };
}

/** The client throws plain errors, and only their texts tell them apart. */
const NOT_FOUND = /^DurableClient error: .* replied with HTTP 404|^No instance with ID |status code: 404\b/;
const NO_STATUS =
  /is not a valid OrchestrationStatus value|could not construct a DurableOrchestrationStatus|replied with an empty HTTP/;

/** What a failed question says about its instance. Throws again what says nothing. */
function absent(thrown: unknown): InstanceView | undefined {
  const text = thrown instanceof Error ? thrown.message : "";
  if (NOT_FOUND.test(text)) return undefined;
  if (NO_STATUS.test(text)) return NO_STATUS_YET;
  throw thrown;
}
