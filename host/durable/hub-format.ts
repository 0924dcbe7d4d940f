import type { TableClient } from "@azure/data-tables";
import { ConfigurationError } from "../settings/configuration-error.js";
import { statusOf, type TransientFaults } from "./store/transient-faults.js";

/** Raised when an older program could no longer read, or would spoil, what this one writes. */
const FORMAT = 1;
const KEYS = { partitionKey: "host", rowKey: "format" };

/**
 * Refuses a hub whose rows were written by a newer version of this host. Nothing is written then.
 *
 * @throws ConfigurationError saying which version it takes
 */
export async function refuseNewerHub(table: TableClient, hubName: string, faults: TransientFaults): Promise<void> {
  const format = await storedFormat(table, faults);
  if (format === undefined || format <= FORMAT) return;
  throw new ConfigurationError(
    `The task hub '${hubName}' was written by a newer version of this host (its format is ${format}, this one knows ${FORMAT}). ` +
      "Run that version, or give this one another hub name (extensions.durableTask.hubName in host.json). Nothing was changed.",
  );
}

/** Says in the hub which format it has. */
export async function stampFormat(table: TableClient, faults: TransientFaults): Promise<void> {
  await faults.withRetry("stamp the hub", () => table.upsertEntity({ ...KEYS, Format: FORMAT }, "Replace"));
}

/** Undefined for a hub that is new, or older than the stamp. */
async function storedFormat(table: TableClient, faults: TransientFaults): Promise<number | undefined> {
  try {
    const row = await faults.withRetry("read the hub's format", () =>
      table.getEntity<{ Format?: number }>(KEYS.partitionKey, KEYS.rowKey),
    );
    return row.Format;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}
