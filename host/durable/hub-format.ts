import type { TableClient } from "@azure/data-tables";
import { ConfigurationError } from "../settings/configuration-error.js";
import { httpStatus, type TransientFaults } from "./store/transient-faults.js";

/** Raise it when an older version could not read, or would damage, the rows that this version writes. */
const FORMAT = 1;
const KEYS = { partitionKey: "host", rowKey: "format" };

/**
 * Refuses a hub that a newer version of this host has written. It writes nothing.
 *
 * @throws ConfigurationError when the hub has a newer format
 */
export async function refuseNewerHub(table: TableClient, hubName: string, faults: TransientFaults): Promise<void> {
  const format = await storedFormat(table, faults);
  if (format === undefined || format <= FORMAT) return;
  throw new ConfigurationError(
    `The task hub '${hubName}' was written by a newer version of this host (the hub has format ${format}, this host knows format ${FORMAT}). ` +
      "Run that version, or give this one another hub name (extensions.durableTask.hubName in host.json). Nothing was changed.",
  );
}

/** Writes the format into the hub. */
export async function stampFormat(table: TableClient, faults: TransientFaults): Promise<void> {
  await faults.withRetry("stamp the hub", () => table.upsertEntity({ ...KEYS, Format: FORMAT }, "Replace"));
}

/** Undefined for a new hub, and for a hub that is older than the format row. */
async function storedFormat(table: TableClient, faults: TransientFaults): Promise<number | undefined> {
  try {
    const row = await faults.withRetry("read the hub's format", () =>
      table.getEntity<{ Format?: number }>(KEYS.partitionKey, KEYS.rowKey),
    );
    return row.Format;
  } catch (error) {
    if (httpStatus(error) === 404) return undefined;
    throw error;
  }
}
