import { randomUUID } from "node:crypto";
import { TableClient } from "@azure/data-tables";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { type HostProcess, type HostProcessOptions, spawnHost, startHostProcess } from "./host-process.js";
import { Client } from "./load.js";

const SETTING = "AzureFunctionsJobHost__extensions__durableTask__";
let hubName: string;
let host: HostProcess;
const running: HostProcess[] = [];
const client = new Client(() => host);

beforeEach(() => {
  hubName = `Up${randomUUID().replaceAll("-", "").slice(0, 12)}`;
});
afterEach(() => Promise.all(running.splice(0).map((one) => one.end("SIGKILL"))));

const build = (version: string, match = "Strict"): HostProcessOptions => ({
  connectionString: inject("storage"),
  hubName,
  env: { [`${SETTING}defaultVersion`]: version, [`${SETTING}versionMatchStrategy`]: match },
});

async function begin(options: HostProcessOptions): Promise<void> {
  host = await startHostProcess(options);
  running.push(host);
}

/** What a host says that does not start. */
async function refusal(options: HostProcessOptions): Promise<string> {
  const refused = spawnHost(options);
  running.push(refused);
  expect(await refused.exited).toEqual({ code: 2, signal: null });
  return refused.output();
}

const table = (suffix: string): TableClient =>
  TableClient.fromConnectionString(inject("storage"), `${hubName}${suffix}`, { allowInsecureConnection: true });

async function dump(): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (const suffix of ["Instances", "History", "Inbox"]) {
    for await (const row of table(suffix).listEntities()) rows.push(row);
  }
  return rows;
}

test("a build that cannot replay unfinished instances lists them and does not start, and the old build finishes them", async () => {
  await begin(build("1"));
  expect(await client.post("orchestrators/Adopt/parent", { childId: "child" })).toBe(202);
  await client.reaches("child", "Running");
  await client.reaches("parent", "Running");
  await host.end("SIGTERM");
  const before = await dump();

  const said = await refusal(build("2"));
  expect(said).toContain("(the app has version 2): Adopt parent (version 1). Start the build that began them");
  expect(said).not.toContain("Event child");
  expect(await dump()).toEqual(before);

  await begin(build("1"));
  expect(await client.post("instances/child/raiseEvent/Go", "done")).toBe(202);
  expect(await client.reaches("parent", "Completed")).toBe("done");
  await host.end("SIGTERM");
  await begin(build("2"));
});

test("CurrentOrOlder resumes instances of an older build, but not of a newer one", async () => {
  await begin(build("1.9", "CurrentOrOlder"));
  expect(await client.post("orchestrators/Event/waits", null)).toBe(202);
  await client.reaches("waits", "Running");
  await host.end("SIGTERM");
  await begin(build("1.10", "CurrentOrOlder"));
  expect(await client.post("orchestrators/Event/newer", null)).toBe(202);
  await client.reaches("newer", "Running");
  await host.end("SIGTERM");
  expect(await refusal(build("1.9", "CurrentOrOlder"))).toContain("Event newer (version 1.10)");
});

test("a hub of a newer format is not touched", async () => {
  await begin(build("1"));
  await host.end("SIGTERM");
  await table("Host").updateEntity({ partitionKey: "host", rowKey: "format", Format: 2 }, "Merge");
  const lease = table("Host").getEntity("host", "lease");
  await expect(lease).rejects.toMatchObject({ statusCode: 404 });
  expect(await refusal(build("1"))).toMatch(
    /written by a newer version of this host \(the hub has format 2, this host knows format 1\)/,
  );
  await expect(table("Host").getEntity("host", "lease")).rejects.toMatchObject({ statusCode: 404 });
  expect((await table("Host").getEntity("host", "format"))["Format"]).toBe(2);
});
