import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient } from "@azure/storage-blob";
import { afterEach, beforeEach, expect, test } from "vitest";
import { provideStorage } from "../../azurite/azurite.js";
import { isDevelopmentStorage } from "../../azurite/development-storage.js";
import { probe } from "../../azurite/probe.js";
import { silentLogger } from "../../logger.js";

let dataDirectory: string;
const record = (): Promise<{ pid: number; hostPid: number; ports: { blob: number; queue: number; table: number } }> =>
  readFile(join(dataDirectory, "azurite", "process.json"), "utf8").then((text) => JSON.parse(text));
const provide = () => provideStorage({ dataDirectory, mode: "private", logger: silentLogger });

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "host-azurite-"));
});
afterEach(() => rm(dataDirectory, { recursive: true, force: true }));

/** The id of a process that has come and gone. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(child, "exit");
  return child.pid ?? 0;
}

test("a private Azurite answers, keeps its data over a restart, and is gone after stop", async () => {
  const first = await provide();
  await BlobServiceClient.fromConnectionString(first.connectionString).createContainer("kept");
  const { ports } = await record();
  await first.stop();
  expect(await probe(ports)).toBe("nothing");

  const second = await provide();
  const kept = BlobServiceClient.fromConnectionString(second.connectionString).getContainerClient("kept");
  expect(await kept.exists()).toBe(true);
  await second.stop();
});

test("an Azurite that a killed host left behind is reused and stopped at the end", async () => {
  await provide();
  const left = await record();
  await writeFile(
    join(dataDirectory, "azurite", "process.json"),
    JSON.stringify({ ...left, hostPid: await deadPid() }),
  );
  const again = await provide();
  expect(await record()).toEqual({ ...left, hostPid: process.pid });
  await again.stop();
  expect(await probe(left.ports)).toBe("nothing");
});

test("the Azurite of a running host is used but not stopped", async () => {
  const mine = await provide();
  const own = await record();
  const otherHost = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
  await once(otherHost, "spawn");
  await writeFile(join(dataDirectory, "azurite", "process.json"), JSON.stringify({ ...own, hostPid: otherHost.pid }));
  const guest = await provide();
  expect(guest.connectionString).toBe(mine.connectionString);
  await guest.stop();
  expect(await probe(own.ports)).toBe("azurite");
  otherHost.kill();
  await mine.stop();
});

test("a record of a process that is not Azurite is not trusted", async () => {
  const mine = await provide();
  const own = await record();
  await mine.stop();
  await writeFile(
    join(dataDirectory, "azurite", "process.json"),
    JSON.stringify({ ...own, pid: process.pid, hostPid: await deadPid() }),
  );
  const fresh = await provide();
  expect((await record()).pid).not.toBe(process.pid);
  await fresh.stop();
});

test("a port of something that is not Azurite is recognised", async () => {
  const server = createServer((_, res) => void res.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  expect(await probe({ blob: port, queue: port, table: port })).toBe("something-else");
  server.close();
  server.closeAllConnections();
});

test("connection strings of the emulator", () => {
  expect(isDevelopmentStorage("UseDevelopmentStorage=true")).toBe(true);
  expect(isDevelopmentStorage(" usedevelopmentstorage = TRUE; ")).toBe(true);
  expect(isDevelopmentStorage("UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://x")).toBe(false);
  expect(isDevelopmentStorage("DefaultEndpointsProtocol=https")).toBe(false);
});
