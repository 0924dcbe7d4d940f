import { randomUUID } from "node:crypto";
import { TableClient } from "@azure/data-tables";
import { afterEach, beforeEach, expect, inject, test, vi } from "vitest";
import { type HostProcess, type HostProcessOptions, startHostProcess } from "./host-process.js";
import { Client } from "./load.js";

let options: HostProcessOptions;
let host: HostProcess;
const running: HostProcess[] = [];
const client = new Client(() => host);

beforeEach(async () => {
  const hubName = `Lost${randomUUID().replaceAll("-", "").slice(0, 12)}`;
  options = { connectionString: inject("storage"), hubName };
  await begin();
});
afterEach(() => Promise.all(running.splice(0).map((one) => one.end("SIGKILL"))));

async function begin(): Promise<void> {
  host = await startHostProcess(options);
  running.push(host);
}

const table = (suffix: string): TableClient =>
  TableClient.fromConnectionString(inject("storage"), `${options.hubName}${suffix}`, { allowInsecureConnection: true });

async function rowKeys(suffix: string, partitionKey: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const row of table(suffix).listEntities())
    if (row.partitionKey === partitionKey) keys.push(String(row.rowKey));
  return keys.filter((key) => key !== "sentinel");
}

test("a host whose storage has lost an acknowledged row reports it and exits before it writes again", async () => {
  expect(await client.post("orchestrators/Event/waits", null)).toBe(202);
  await client.reaches("waits", "Running");
  const [newest = ""] = (await rowKeys("History", "waits")).slice(-1);
  await table("History").deleteEntity("waits", newest);

  await client.post("instances/waits/raiseEvent/Go", {}).catch(() => undefined);

  expect(await host.exited).toEqual({ code: 1, signal: null });
  expect(host.output()).toMatch(
    new RegExp(`has lost what it had acknowledged: row '${newest}' of 'waits'.*Start it again`),
  );
  expect(await rowKeys("Inbox", "waits")).toEqual([]);
});

test("a host that was frozen while another took its hub over exits without a write", async () => {
  const zombie = host;
  expect(await client.post("orchestrators/Event/waits", null)).toBe(202);
  await client.reaches("waits", "Running");
  process.kill(zombie.pid, "SIGSTOP");
  await table("Host").updateEntity({ partitionKey: "host", rowKey: "lease", RenewedMs: "0" }, "Merge");
  await begin();
  const held = await table("Host").getEntity("host", "lease");

  process.kill(zombie.pid, "SIGCONT");
  const late = new Client(() => zombie).post("orchestrators/Event/late", null).catch(() => undefined);

  expect(await zombie.exited).toEqual({ code: 1, signal: null });
  expect(zombie.output()).toContain("Another host has taken over the task hub");
  expect(await late).not.toBe(202);
  expect((await table("Host").getEntity("host", "lease"))["Token"]).toBe(held["Token"]);
  expect(await rowKeys("Instances", "late")).toEqual([]);
  expect(await client.post("instances/waits/raiseEvent/Go", { n: 1 })).toBe(202);
  await vi.waitFor(async () => expect(await client.reaches("waits", "Completed")).toEqual({ n: 1 }), {
    timeout: 30_000,
  });
});
