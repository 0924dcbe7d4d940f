import type { InstanceFilter, InstanceState } from "../task-hub.js";

/** Whether an instance is among those asked for. */
export function matchesFilter(instance: InstanceState, filter: InstanceFilter): boolean {
  if (filter.instanceIdPrefix && !instance.instanceId.startsWith(filter.instanceIdPrefix)) return false;
  if (filter.createdFromMs !== undefined && instance.createdMs < filter.createdFromMs) return false;
  if (filter.createdToMs !== undefined && instance.createdMs > filter.createdToMs) return false;
  return !filter.runtimeStatus?.length || filter.runtimeStatus.includes(instance.runtimeStatus);
}
