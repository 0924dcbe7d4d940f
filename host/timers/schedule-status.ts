import { BlobServiceClient, RestError } from "@azure/storage-blob";
import { z } from "zod";

/** The state of a timer that survives a restart of the host. Times are milliseconds since the epoch. */
export interface ScheduleStatus {
  /** The last run; undefined before the first. */
  lastMs: number | undefined;
  nextMs: number;
  updatedMs: number;
}

export interface ScheduleMonitor {
  read(timer: string): Promise<ScheduleStatus | undefined>;
  write(timer: string, status: ScheduleStatus): Promise<void>;
}

export class MemoryScheduleMonitor implements ScheduleMonitor {
  readonly #statuses = new Map<string, ScheduleStatus>();

  async read(timer: string): Promise<ScheduleStatus | undefined> {
    return this.#statuses.get(timer);
  }

  async write(timer: string, status: ScheduleStatus): Promise<void> {
    this.#statuses.set(timer, status);
  }
}

const CONTAINER = "azure-webjobs-hosts";
/** How .NET writes "no time". */
const NO_TIME = "0001-01-01T00:00:00+00:00";
const time = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)))
  .transform((text) => Date.parse(text));
const blobSchema = z.object({ Last: time, Next: time, LastUpdated: time });

/** Uses the same blobs as the genuine host: container `azure-webjobs-hosts`, blob `timers/<hostId>/<timer>/status`. */
export class BlobScheduleMonitor implements ScheduleMonitor {
  readonly #blobs: BlobServiceClient;
  readonly #hostId: string;
  #container: Promise<unknown> | undefined;

  constructor(connectionString: string, hostId: string) {
    this.#blobs = BlobServiceClient.fromConnectionString(connectionString);
    this.#hostId = hostId;
  }

  /** A damaged status counts as missing, so the timer starts as if it were new. */
  async read(timer: string): Promise<ScheduleStatus | undefined> {
    try {
      const text = (await this.#blob(timer).downloadToBuffer()).toString("utf8");
      const { Last, Next, LastUpdated } = blobSchema.parse(JSON.parse(text));
      return { lastMs: Last > 0 ? Last : undefined, nextMs: Next, updatedMs: LastUpdated };
    } catch (error) {
      const isMissing = error instanceof RestError && error.statusCode === 404;
      if (isMissing || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
      throw error;
    }
  }

  async write(timer: string, status: ScheduleStatus): Promise<void> {
    this.#container ??= this.#blobs.getContainerClient(CONTAINER).createIfNotExists();
    await this.#container;
    const text = JSON.stringify(statusDocument(status));
    await this.#blob(timer).upload(text, Buffer.byteLength(text));
  }

  #blob(timer: string) {
    const path = `timers/${this.#hostId}/${timer}/status`;
    return this.#blobs.getContainerClient(CONTAINER).getBlockBlobClient(path);
  }
}

/** The form of the status in the blob and in the argument of the function. */
export function statusDocument(status: ScheduleStatus): { Last: string; Next: string; LastUpdated: string } {
  const text = (ms: number): string => new Date(ms).toISOString().replace("Z", "+00:00");
  return {
    Last: status.lastMs === undefined ? NO_TIME : text(status.lastMs),
    Next: text(status.nextMs),
    LastUpdated: text(status.updatedMs),
  };
}
