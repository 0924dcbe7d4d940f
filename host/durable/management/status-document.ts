import type { InstanceState } from "../task-hub.js";
import { parsedOrRaw } from "./answer.js";
import type { HistoryItem } from "./history-document.js";

/** An instance as clients see it. Times are ISO 8601 UTC with whole seconds. */
export interface StatusDocument {
  name: string;
  instanceId: string;
  runtimeStatus: string;
  input: unknown;
  customStatus: unknown;
  output: unknown;
  createdTime: string;
  lastUpdatedTime: string;
  historyEvents?: HistoryItem[];
}

/** @param showInput when false, the input is null */
export function statusDocument(state: InstanceState, showInput: boolean): StatusDocument {
  return {
    name: state.name,
    instanceId: state.instanceId,
    runtimeStatus: state.runtimeStatus,
    input: showInput ? parsedOrRaw(state.input) : null,
    customStatus: parsedOrRaw(state.customStatus),
    output: parsedOrRaw(state.output),
    createdTime: wholeSeconds(state.createdMs),
    lastUpdatedTime: wholeSeconds(state.lastUpdatedMs),
  };
}

function wholeSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -".000Z".length)}Z`;
}
