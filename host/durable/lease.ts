import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { TableClient } from "@azure/data-tables";
import type { Alarm, Clock } from "../clock.js";
import type { Logger } from "../logger.js";
import { HubLostError } from "./store/port.js";
import { createTable } from "./store/table-store.js";
import { statusOf, type TransientFaults } from "./store/transient-faults.js";

const RENEW_MS = 10_000;
const EXPIRES_MS = 30_000;
const KEYS = { partitionKey: "host", rowKey: "lease" };

type LeaseRow = {
  partitionKey: string;
  rowKey: string;
  Token: string;
  Machine: string;
  Pid: number;
  /** Tells a process from a later one with the same number; empty where the system does not say. */
  ProcessStart: string;
  Url: string;
  RenewedMs: string;
  /** Counts what its holders have written, one after another: fewer than the present one knows of, and the storage went back in time. */
  Renewal: number;
};

/** Another process runs this task hub. The message says which. */
export class HubHeldError extends Error {
  override name = "HubHeldError";
}

/**
 * Lets one host at a time run a task hub. The lease is a row that its holder renews; one that is not renewed for
 * 30 s is taken over, and so at once is that of a process of this machine that is gone.
 */
export class HubLease {
  readonly #token = randomUUID();
  readonly #table: TableClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #faults: TransientFaults;
  readonly #url: () => string;
  readonly #onLost: (error: Error) => void;
  #etag = "";
  #alarm: Alarm | undefined;
  #released = false;
  #written = 0;
  #acknowledged = 0;

  constructor(options: {
    table: TableClient;
    clock: Clock;
    logger: Logger;
    faults: TransientFaults;
    /** The holder's address, for whoever meets the lease. */
    url: () => string;
    onLost: (error: Error) => void;
  }) {
    this.#table = options.table;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#faults = options.faults;
    this.#url = options.url;
    this.#onLost = options.onLost;
  }

  /** Resolves when the lease is held; rejects with {@link HubHeldError} while another process holds it. */
  async acquire(): Promise<void> {
    await createTable(this.#table, this.#faults);
    const created = await this.#write("create the lease", () => this.#table.createEntity(this.#row()));
    if (!created) await this.#takeOver();
    this.#renewLater();
  }

  async #takeOver(): Promise<void> {
    const present = await this.#faults.withRetry("read the lease", () =>
      this.#table.getEntity<LeaseRow>(KEYS.partitionKey, KEYS.rowKey),
    );
    const agoMs = this.#clock.now() - Number(present.RenewedMs);
    const gone = present.Machine === hostname() && !isAlive(present.Pid, present.ProcessStart);
    if (!gone && agoMs < EXPIRES_MS) throw this.#heldBy(present, agoMs);
    this.#logger.log(
      "information",
      `Taking over the task hub from process ${present.Pid} on ${present.Machine}, which ${gone ? "is gone" : "has stopped renewing its lease"}.`,
    );
    this.#written = Math.max(this.#written, present.Renewal);
    const taken = await this.#write("take over the lease", () =>
      this.#table.updateEntity(this.#row(), "Replace", { etag: present.etag }),
    );
    if (!taken) await this.#takeOver();
  }

  #heldBy(row: LeaseRow, agoMs: number): HubHeldError {
    const hub = this.#table.tableName.replace(/Host$/, "");
    return new HubHeldError(
      `The task hub '${hub}' is held by process ${row.Pid} on ${row.Machine} (${row.Url}), which renewed its lease ${Math.max(0, Math.round(agoMs / 1000))} s ago. ` +
        "Stop that host, or give this one another hub name (extensions.durableTask.hubName in host.json).",
    );
  }

  #renewLater(): void {
    if (this.#released) return;
    this.#alarm = this.#clock.at(this.#clock.now() + RENEW_MS, () => {
      this.#renew().catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.#logger.log("warning", `The lease on the task hub could not be renewed: ${reason}`);
        this.#renewLater();
      });
    });
  }

  async #renew(): Promise<void> {
    const kept = await this.#write("renew the lease", () =>
      this.#table.updateEntity(this.#row(), "Replace", { etag: this.#etag }),
    );
    const loss = kept ? undefined : await this.#loss();
    if (this.#released) return;
    if (loss) this.#onLost(loss);
    else this.#renewLater();
  }

  /** Rejects with {@link HubLostError} when another host has the hub by now, or the storage has forgotten the lease. */
  async check(): Promise<void> {
    const loss = await this.#loss();
    if (loss) throw loss;
  }

  /** A lease of another host that is older than this one's was there before: it came back with a storage that went back in time. */
  async #loss(): Promise<HubLostError | undefined> {
    const acknowledged = this.#acknowledged;
    const present = await this.#present();
    if (present === undefined || present.Renewal < acknowledged) return wentBack("the lease of this host");
    return present.Token === this.#token ? undefined : takenOver();
  }

  async #present(): Promise<(LeaseRow & { etag: string }) | undefined> {
    try {
      return await this.#table.getEntity<LeaseRow>(KEYS.partitionKey, KEYS.rowKey);
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** Gives the lease back, so that the next host need not ask whether this one is alive. */
  async release(): Promise<void> {
    this.#released = true;
    this.#alarm?.cancel();
    if (this.#etag === "") return;
    await this.#table.deleteEntity(KEYS.partitionKey, KEYS.rowKey, { etag: this.#etag }).catch(() => undefined);
  }

  /** Whether the write was ours. A repeated write that had been applied before its answer was lost counts. */
  async #write(what: string, request: () => Promise<{ etag?: string }>): Promise<boolean> {
    try {
      this.#etag = (await this.#faults.withRetry(what, request)).etag ?? "";
      this.#acknowledged = this.#written;
      return true;
    } catch (error) {
      const status = statusOf(error);
      if (status !== 409 && status !== 412 && status !== 404) throw error;
      const present = await this.#present();
      if (present?.Token !== this.#token) return false;
      this.#etag = present.etag;
      this.#acknowledged = present.Renewal;
      return true;
    }
  }

  #row(): LeaseRow {
    return {
      ...KEYS,
      Token: this.#token,
      Machine: hostname(),
      Pid: process.pid,
      ProcessStart: processStart(process.pid) ?? "",
      Url: this.#url(),
      RenewedMs: String(this.#clock.now()),
      Renewal: ++this.#written,
    };
  }
}

const takenOver = (): HubLostError =>
  new HubLostError("Another host has taken over the task hub while this one was not heard of. This one stops.");

/** What to say when the storage has less than it had acknowledged. */
export const wentBack = (what: string): HubLostError =>
  new HubLostError(
    `The storage has lost what it had acknowledged: ${what}. It was probably killed: Azurite keeps the last seconds in memory only. ` +
      "This host knows of more than is stored, so it stops and writes nothing more. Start it again: what is unfinished goes on from " +
      "what is stored. Requests that were acknowledged in the seconds before may be gone; look, and repeat them under the same ids.",
  );

function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  const now = processStart(pid);
  return now === undefined ? start === "" : now === start;
}

/** When a process began, as Linux counts it; undefined elsewhere, and for one that has ended and waits to be collected. */
function processStart(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
