import type { EngineTaskHub } from "../../host/durable/engine/index.js";
import { TERMINAL_STATUSES } from "../../host/durable/task-hub.js";
import type { Orchestrations } from "../../src/durable/client.js";
import { blockedReasonIn, stepsOfStatus } from "../../src/durable/progress.js";
import { stepsByItem } from "../../src/durable/slice-status.js";

/** The hub as commands use it. Like the client library, it ignores unknown and finished instances. */
export function orchestrationsOf(hub: EngineTaskHub): Orchestrations {
  return {
    async start(contract, id, input) {
      try {
        await hub.start({ name: contract.name, instanceId: id, input: JSON.stringify(input) });
      } catch (thrown) {
        if (!(await hub.get(id))) throw thrown;
      }
    },
    async raise(id, event, data) {
      const state = await hub.get(id);
      if (state && !TERMINAL_STATUSES.has(state.runtimeStatus)) await hub.raiseEvent(id, event, JSON.stringify(data));
    },
    async getStatus(id) {
      const state = await hub.get(id);
      if (!state) return undefined;
      const status: unknown = state.customStatus === null ? undefined : JSON.parse(state.customStatus);
      return {
        runtimeStatus: state.runtimeStatus,
        steps: stepsOfStatus(status),
        itemSteps: stepsByItem(status),
        blockedReason: blockedReasonIn(status),
        output: state.output,
      };
    },
  };
}
