import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { TableClient } from "@azure/data-tables";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { VirtualClock } from "../../durable/engine/index.js";
import { HubHeldError, HubLease } from "../../durable/lease.js";
import { openTable } from "../../durable/store/table-store.js";
import { TransientFaults } from "../../durable/store/transient-faults.js";
import { silentLogger } from "../../logger.js";

let table: TableClient;
let clock: VirtualClock;
let leases: HubLease[];

beforeEach(() => {
  table = openTable(inject("storage"), `T${randomUUID().replaceAll("-", "").slice(0, 20)}Host`);
  clock = new VirtualClock();
  leases = [];
});
afterEach(() => Promise.all(leases.map((lease) => lease.release())));

function aLease(
  url = "http://127.0.0.1:1",
  onLost: (error: Error) => void = () => undefined,
  seen: TableClient = table,
): HubLease {
  const faults = new TransientFaults(clock, silentLogger);
  const lease = new HubLease({ table: seen, clock, logger: silentLogger, faults, url: () => url, onLost });
  leases.push(lease);
  return lease;
}

const theRow = () => table.getEntity<Record<string, unknown>>("host", "lease");

test("a second host gets the name of the hub's holder", async () => {
  await aLease("http://127.0.0.1:7071").acquire();
  const refused = aLease().acquire();
  await expect(refused).rejects.toBeInstanceOf(HubHeldError);
  await expect(refused).rejects.toThrow(new RegExp(`held by process ${process.pid} on .*\\(http://127.0.0.1:7071\\)`));
});

test("a released hub is free at once", async () => {
  const first = aLease();
  await first.acquire();
  await first.release();
  await aLease().acquire();
});

test("the hub of a dead process of this machine is taken over at once", async () => {
  await aLease().acquire();
  const gone = spawn(process.execPath, ["-e", ""]);
  await once(gone, "exit");
  await table.updateEntity({ partitionKey: "host", rowKey: "lease", Pid: gone.pid as number }, "Merge");
  await aLease("http://next").acquire();
  expect(await theRow()).toMatchObject({ Url: "http://next", Pid: process.pid });
});

test("a process that reuses the id of a dead one does not keep its hub", async () => {
  await aLease().acquire();
  await table.updateEntity({ partitionKey: "host", rowKey: "lease", ProcessStart: "1" }, "Merge");
  await aLease("http://next").acquire();
  expect(await theRow()).toMatchObject({ Url: "http://next" });
});

test("the lease of another machine holds until it expires, and its holder notices the loss", async () => {
  const lost: Error[] = [];
  await aLease("http://old", (error) => lost.push(error)).acquire();
  await table.updateEntity({ partitionKey: "host", rowKey: "lease", Machine: "elsewhere" }, "Merge");
  await expect(aLease().acquire()).rejects.toThrow("on elsewhere");
  clock.advance(31_000);
  await aLease("http://new").acquire();
  clock.ring();
  await expect.poll(() => lost.length).toBe(1);
  expect(await theRow()).toMatchObject({ Url: "http://new" });
});

test("a lease is renewed while it is held", async () => {
  await aLease().acquire();
  const before = (await theRow())["RenewedMs"];
  clock.ring();
  await expect.poll(async () => (await theRow())["RenewedMs"]).not.toBe(before);
});

test("a host whose storage has gone back to the holder before it names no other host", async () => {
  await aLease("http://old").acquire();
  const { etag: _, ...old } = await theRow();
  await table.updateEntity({ partitionKey: "host", rowKey: "lease", ProcessStart: "1" }, "Merge");
  const next = aLease("http://next");
  await next.acquire();
  await next.check();
  await table.updateEntity({ partitionKey: "host", rowKey: "lease", ...old }, "Replace");
  await expect(next.check()).rejects.toThrow("has lost what it had acknowledged: the lease of this host");
});

test("a replaced holder gets an error each time the lease has changed hands", async () => {
  const holders = [aLease("http://1"), aLease("http://2"), aLease("http://3")];
  for (const holder of holders) {
    await holder.acquire();
    await table.updateEntity({ partitionKey: "host", rowKey: "lease", ProcessStart: "1" }, "Merge");
  }
  for (const replaced of holders.slice(0, 2))
    await expect(replaced.check()).rejects.toThrow("Another host has taken over the task hub");
  await holders[2]?.check();
});

/** The reads of a host that cannot create the lease: whose it is, and whether it has expired. */
const READS_BEFORE_TAKING_OVER = 2;

/** The table as a host sees it whose last read of the lease before it takes over is followed by `meanwhile`. */
function withMeanwhile(meanwhile: () => Promise<void>, atRead = READS_BEFORE_TAKING_OVER): TableClient {
  let reads = 0;
  const getEntity = async (partition: string, row: string) => {
    const present = await table.getEntity(partition, row);
    reads += 1;
    if (reads === atRead) await meanwhile();
    return present;
  };
  return new Proxy(table, {
    get: (target, name) => {
      if (name === "getEntity") return getEntity;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test("of hosts that find the lease expired at the same time, exactly one takes it over", async () => {
  await aLease("http://old").acquire();
  clock.advance(31_000);
  const urls = ["http://1", "http://2", "http://3"];
  let found = 0;
  let allHaveFound = (): void => undefined;
  const all = new Promise<void>((resolve) => (allHaveFound = resolve));
  const hosts = urls.map((url) => {
    const meanwhile = async (): Promise<void> => {
      found += 1;
      if (found === urls.length) allHaveFound();
      await all;
    };
    return aLease(url, undefined, withMeanwhile(meanwhile));
  });
  const ends = await Promise.allSettled(hosts.map((host) => host.acquire()));
  expect(ends.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
  const winner = ends.findIndex(({ status }) => status === "fulfilled");
  expect(await theRow()).toMatchObject({ Url: urls[winner] });
  await hosts[winner]?.check();
  for (const end of ends) if (end.status === "rejected") expect(end.reason).toBeInstanceOf(HubHeldError);
});

test("a holder that renews just before it is replaced keeps the hub", async () => {
  await aLease("http://old").acquire();
  const { etag: _, ...row } = await theRow();
  clock.advance(31_000);
  const renew = async (): Promise<void> => {
    await table.updateEntity(
      { ...(row as typeof row & { partitionKey: string; rowKey: string }), RenewedMs: String(clock.now()) },
      "Replace",
    );
  };
  await expect(aLease("http://new", undefined, withMeanwhile(renew)).acquire()).rejects.toBeInstanceOf(HubHeldError);
  expect(await theRow()).toMatchObject({ Url: "http://old" });
});

test("a host that was replaced does not release the lease of its successor", async () => {
  const old = aLease("http://old");
  await old.acquire();
  clock.advance(31_000);
  await aLease("http://new").acquire();
  await old.release();
  expect(await theRow()).toMatchObject({ Url: "http://new" });
});

test.each([1, READS_BEFORE_TAKING_OVER])(
  "a hub that is released just after read %i of its lease is free",
  async (read) => {
    const old = aLease("http://old");
    await old.acquire();
    clock.advance(31_000);
    await aLease(
      "http://new",
      undefined,
      withMeanwhile(() => old.release(), read),
    ).acquire();
    expect(await theRow()).toMatchObject({ Url: "http://new" });
  },
);
