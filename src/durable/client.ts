import type { FunctionInput, InvocationContext } from "@azure/functions";
import { type DurableClient, getClient, input } from "durable-functions";
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
  /** Raises an event. One for an orchestration that is gone or finished is dropped. */
  raise(id: string, event: string, data: object): Promise<void>;
  /** Undefined when the hub knows no such instance. */
  getStatus(id: string): Promise<InstanceView | undefined>;
}

/** The binding a function needs to reach the hub. */
export const orchestrationsBinding: FunctionInput = input.durableClient();

export function orchestrationsOf(context: InvocationContext): Orchestrations {
  const client = getClient(context);
  return {
    async start(contract, id, startInput) {
      try {
        await client.startNew(contract.name, { instanceId: id, input: startInput });
      } catch (thrown) {
        if (!(await isRunning(client, id))) throw thrown;
      }
    },
    async raise(id, event, data) {
      try {
        await client.raiseEvent(id, event, data);
      } catch (thrown) {
        if (!isNotFound(thrown)) throw thrown;
      }
    },
    async getStatus(id) {
      try {
        const status = await client.getStatus(id, { showInput: false });
        return {
          runtimeStatus: String(status.runtimeStatus),
          steps: stepsOfStatus(status.customStatus),
          itemSteps: stepsByItem(status.customStatus),
          blockedReason: blockedReasonIn(status.customStatus),
          output: status.output,
        };
      } catch (thrown) {
        if (isNotFound(thrown)) return undefined;
        throw thrown;
      }
    },
  };
}

async function isRunning(client: DurableClient, id: string): Promise<boolean> {
  try {
    return (await client.getStatus(id)).instanceId === id;
  } catch (thrown) {
    if (isNotFound(thrown)) return false;
    throw thrown;
  }
}

/** The client throws plain errors. Only their text distinguishes a 404. */
function isNotFound(thrown: unknown): boolean {
  return thrown instanceof Error && /\b404\b|not found|No instance with ID/i.test(thrown.message);
}
