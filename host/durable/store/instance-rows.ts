import type { ParentRef } from "../history.js";
import { isRuntimeStatus } from "../task-hub.js";
import { type Columns, dateTime } from "./history-rows.js";
import { instanceIdOf } from "./keys.js";
import type { StoredInstance } from "./port.js";

/** The columns of an instance row, without its keys and without input and output. `StartId` and `Parent` are this host's own. */
export function instanceColumns(instance: StoredInstance, hubName: string): Columns {
  return {
    ...projectionColumns(instance),
    Name: instance.name,
    ...(instance.version === null ? {} : { Version: instance.version }),
    TaskHubName: hubName,
    Tags: "null",
    StartId: instance.startId,
    ...(instance.generation === null ? {} : { Generation: instance.generation }),
    ...(instance.parent === null ? {} : { Parent: JSON.stringify(instance.parent) }),
  };
}

/** The columns that change while an instance runs. */
export function projectionColumns(instance: StoredInstance): Columns {
  return {
    ExecutionId: instance.executionId,
    CreatedTime: dateTime(new Date(instance.createdMs).toISOString()),
    LastUpdatedTime: dateTime(new Date(instance.lastUpdatedMs).toISOString()),
    RuntimeStatus: instance.runtimeStatus,
    CustomStatus: instance.customStatus ?? "null",
    ...(instance.completedMs === null ? {} : { CompletedTime: dateTime(new Date(instance.completedMs).toISOString()) }),
  };
}

/**
 * Reads an instance from its row. The caller fetches `input` and `output`, which may be in blobs.
 *
 * @throws Error that names the column, when a column is not valid
 */
export function instanceFromRow(
  row: Record<string, unknown>,
  input: string | null,
  output: string | null,
): StoredInstance {
  const parent = parseParent(row);
  const status = text(row["RuntimeStatus"]) ?? "";
  if (!isRuntimeStatus(status)) throw new Error(`the status '${status}' is unknown`);
  if (!text(row["Name"])) throw new Error("its column Name is missing");
  const customStatus = text(row["CustomStatus"]);
  return {
    instanceId: instanceIdOf(String(row["partitionKey"])),
    executionId: text(row["ExecutionId"]) ?? "",
    startId: text(row["StartId"]) ?? "",
    name: text(row["Name"]) ?? "",
    version: text(row["Version"]),
    runtimeStatus: status,
    input,
    output,
    customStatus: customStatus === "null" ? null : customStatus,
    createdMs: milliseconds(row["CreatedTime"]) ?? 0,
    lastUpdatedMs: milliseconds(row["LastUpdatedTime"]) ?? 0,
    completedMs: milliseconds(row["CompletedTime"]),
    parentInstanceId: parent?.OrchestrationInstance.InstanceId ?? null,
    parent,
    generation: typeof row["Generation"] === "number" ? row["Generation"] : null,
  };
}

/** Shown in place of an instance whose row is unreadable: suspended, with the reason as its output. */
export function standIn(row: Record<string, unknown>, reason: string): StoredInstance {
  const plain = { partitionKey: row["partitionKey"], Name: text(row["Name"]) || "?", RuntimeStatus: "Suspended" };
  const parent = orNull(() => parseParent(row));
  const kept = { StartId: row["StartId"], ExecutionId: row["ExecutionId"], CreatedTime: row["CreatedTime"] };
  return {
    ...instanceFromRow({ ...kept, ...plain }, null, reason),
    parent,
    parentInstanceId: parent?.OrchestrationInstance.InstanceId ?? null,
  };
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function parseParent(row: Record<string, unknown>): ParentRef | null {
  if (typeof row["Parent"] !== "string") return null;
  const parent = JSON.parse(row["Parent"]) as Partial<ParentRef> | null;
  if (typeof parent?.OrchestrationInstance?.InstanceId !== "string" || typeof parent.TaskScheduleId !== "number") {
    throw new Error("its column Parent names no parent");
  }
  return parent as ParentRef;
}

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

function milliseconds(value: unknown): number | null {
  const ms = value instanceof Date ? value.getTime() : Date.parse(text(value) ?? "");
  return Number.isNaN(ms) ? null : ms;
}
