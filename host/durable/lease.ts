/*
 * The lease: one host at a time runs a task hub.
 *
 * I1. While the holder renews the lease, a second host is refused and told who holds the hub.
 *     Test: durable/lease.test.ts ("a second host is told who holds the hub").
 * I2. A lease that is not renewed for 30 s can be taken over; the lease of a dead process of the same machine at once.
 *     Test: durable/lease.test.ts ("the hub of a process of this machine that is gone", "another machine's lease holds
 *     until it expires").
 *     Of hosts that do so at the same time, one gets it: the write carries the ETag of the read. Test:
 *     durable/lease.test.ts ("exactly one takes it over", "a holder that renews just before it is replaced").
 * I3. A host that has lost the lease finds out before it writes again, and stops. Test: durable/lease.test.ts ("a holder
 *     that was replaced is told so"), process/hub-lost.test.ts.
 * I4. A lease row that is older than this host's last renewal means that the storage has lost data, not that another
 *     host has the hub. Test: durable/lease.test.ts ("a host whose storage has gone back").
 */

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { TableClient } from "@azure/data-tables";
import type { Alarm, Clock } from "../clock.js";
import type { Logger } from "../logger.js";
import { HubLostError } from "./store/port.js";
import { createTable } from "./store/table-store.js";
import { httpStatus, type TransientFaults } from "./store/transient-faults.js";

const RENEW_INTERVAL_MS = 10_000;
const EXPIRES_AFTER_MS = 30_000;
const KEYS = { partitionKey: "host", rowKey: "lease" };

type LeaseRow = {
  partitionKey: string;
  rowKey: string;
  Token: string;
  Machine: string;
  Pid: number;
  /** Distinguishes a process from a later one with the same id; empty where the system does not say. */
  ProcessStart: string;
  Url: string;
  RenewedMs: string;
  /** Counts the writes of all holders. A lower count than the holder knows of means that the storage has lost data. */
  Renewal: number;
};

/** Another process runs this task hub. The message says which one. */
export class HubHeldError extends Error {
  override name = "HubHeldError";
}

/** The lease of a task hub: a row that its holder renews. */
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
    /** The address of this host, shown to a host that is refused. */
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

  /** Resolves when this host holds the lease. Rejects with {@link HubHeldError} while another process holds it. */
  async acquire(): Promise<void> {
    await createTable(this.#table, this.#faults);
    await this.#take();
    this.#renewLater();
  }

  async #take(): Promise<void> {
    const created = await this.#write("create the lease", () => this.#table.createEntity(this.#row()));
    if (!created) await this.#takeOver();
  }

  async #takeOver(): Promise<void> {
    const present = await this.#faults.withRetry("read the lease", () => this.#present());
    if (present === undefined) return this.#take(); // its holder has released it since
    const agoMs = this.#clock.now() - Number(present.RenewedMs);
    const isGone = present.Machine === hostname() && !isAlive(present.Pid, present.ProcessStart);
    if (!isGone && agoMs < EXPIRES_AFTER_MS) throw this.#refusal(present, agoMs);
    this.#logger.log(
      "information",
      `Taking over the task hub from process ${present.Pid} on ${present.Machine}, which ${isGone ? "is gone" : "has stopped renewing its lease"}.`,
    );
    this.#written = Math.max(this.#written, present.Renewal);
    const taken = await this.#write("take over the lease", () =>
      this.#table.updateEntity(this.#row(), "Replace", { etag: present.etag }),
    );
    if (!taken) await this.#take();
  }

  #refusal(row: LeaseRow, agoMs: number): HubHeldError {
    const hub = this.#table.tableName.replace(/Host$/, "");
    return new HubHeldError(
      `The task hub '${hub}' is held by process ${row.Pid} on ${row.Machine} (${row.Url}), which renewed its lease ${Math.max(0, Math.round(agoMs / 1000))} s ago. ` +
        "Stop that host, or give this one another hub name (extensions.durableTask.hubName in host.json).",
    );
  }

  #renewLater(): void {
    if (this.#released) return;
    this.#alarm = this.#clock.after(RENEW_INTERVAL_MS, () => {
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

  /** Rejects with {@link HubLostError} when another host has the hub, or the storage has lost the lease. */
  async check(): Promise<void> {
    const loss = await this.#loss();
    if (loss) throw loss;
  }

  /** The storage has lost data if the row is gone or older than this host's last renewal, whoever it names as the holder. */
  async #loss(): Promise<HubLostError | undefined> {
    const acknowledged = this.#acknowledged;
    const present = await this.#present();
    if (present === undefined || present.Renewal < acknowledged) return dataLostError("the lease of this host");
    return present.Token === this.#token ? undefined : takenOverError();
  }

  async #present(): Promise<(LeaseRow & { etag: string }) | undefined> {
    try {
      return await this.#table.getEntity<LeaseRow>(KEYS.partitionKey, KEYS.rowKey);
    } catch (error) {
      if (httpStatus(error) === 404) return undefined;
      throw error;
    }
  }

  /** Deletes the lease, so that the next host need not find out whether this one is alive. */
  async release(): Promise<void> {
    this.#released = true;
    this.#alarm?.cancel();
    if (this.#etag === "") return;
    await this.#table.deleteEntity(KEYS.partitionKey, KEYS.rowKey, { etag: this.#etag }).catch(() => undefined);
  }

  /** Answers whether the row is this host's. A write whose answer was lost counts when its repeat finds the row. */
  async #write(what: string, request: () => Promise<{ etag?: string }>): Promise<boolean> {
    try {
      this.#etag = (await this.#faults.withRetry(what, request)).etag ?? "";
      this.#acknowledged = this.#written;
      return true;
    } catch (error) {
      const status = httpStatus(error);
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

const takenOverError = (): HubLostError =>
  new HubLostError(
    "Another host has taken over the task hub because this one did not renew its lease in time. This host stops.",
  );

/** @param what names the row that the storage has lost */
export const dataLostError = (what: string): HubLostError =>
  new HubLostError(
    `The storage has lost what it had acknowledged: ${what}. It was probably killed, and Azurite keeps its last seconds of data in memory only. ` +
      "This host has newer state than the storage, so it stops and writes nothing more. Start it again: unfinished instances continue " +
      "from the stored state. Requests that were acknowledged in the seconds before may be lost. Check them, and repeat them with the same ids.",
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

/** The start time of a process in Linux's own count; undefined on other systems, and for a process that has ended (a zombie). */
function processStart(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
