import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { appFolder, PATIENCE } from "./served-app.js";

const MAIN = fileURLToPath(new URL("../../../dist/host/main.js", import.meta.url));
const ADDRESS = /Host ready at (http:\S+)/;

let dataDirectory: string;
let child: ChildProcess | undefined;
let written = "";

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "host-command-"));
  written = "";
});
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await rm(dataDirectory, { recursive: true, force: true });
});

/** Runs the program; resolves to its exit code and what it wrote to the error stream. */
function run(...args: string[]): Promise<{ code: number | null; errors: string }> {
  const started = spawn(process.execPath, [MAIN, "--port", "0", "--data", dataDirectory, ...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  child = started;
  let errors = "";
  started.stdout?.setEncoding("utf8").on("data", (text: string) => {
    written += text;
  });
  started.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  return new Promise((resolve) => started.once("close", (code) => resolve({ code, errors })));
}

async function ready(): Promise<string> {
  await vi.waitFor(() => expect(written).toMatch(ADDRESS), PATIENCE);
  return ADDRESS.exec(written)?.[1] ?? "";
}

test("--help exits with code 0", async () => {
  expect((await run("--help")).code).toBe(0);
  expect(written).toContain("--enable-auth");
});

test.each([
  ["an unknown option", ["--prot", "1"], /--prot/],
  ["a port that is none", ["--port", "many"], /--port is a number/],
  ["a storage mode that is none", ["--storage", "cloud"], /--storage is/],
  ["an open address without keys", ["--address", "0.0.0.0"], /--enable-auth/],
  ["an app that throws", ["--app", appFolder("broken")], /functions\/b\.js threw TypeError/],
  ["a folder without an app", ["--app", tmpdir()], /package\.json can't be read/],
])("%s ends with code 2 and one line", async (_, args, message) => {
  const { code, errors } = await run(...args);
  expect(code).toBe(2);
  expect(errors).toMatch(message);
  expect(errors.trimEnd().split("\n")).toHaveLength(1);
});

test("SIGTERM stops in order, with code 0", async () => {
  const ended = run("--app", appFolder("life"));
  expect(await (await fetch(`${await ready()}/api/hello`)).text()).toBe("hello");
  child?.kill("SIGTERM");
  expect(await ended).toEqual({ code: 0, errors: "" });
  expect(written).toContain("terminated in order");
});

test("unhandled errors of user code are logged and do not end the host", async () => {
  const ended = run("--app", appFolder("life"));
  const url = await ready();
  expect(await (await fetch(`${url}/api/stray`)).text()).toBe("answered");
  await vi.waitFor(() => {
    expect(written).toContain("thrown by nobody's function");
    expect(written).toContain("rejected and forgotten");
  }, PATIENCE);
  expect(await (await fetch(`${url}/api/hello`)).text()).toBe("hello");
  child?.kill("SIGINT");
  expect((await ended).code).toBe(0);
});

test("a host whose output has no reader continues, and still stops in order", async () => {
  const ended = run("--app", appFolder("life"));
  const url = await ready();
  child?.stdout?.destroy();
  child?.stderr?.destroy();
  for (const path of ["stray", "stray", "hello"]) expect((await fetch(`${url}/api/${path}`)).status).toBe(200);
  child?.kill("SIGTERM");
  expect((await ended).code).toBe(0);
});

test("a host with an IPC channel ends when its parent is gone", async () => {
  void run("--app", appFolder("life"));
  await ready();
  const ended = new Promise((resolve) => child?.once("exit", resolve));
  child?.disconnect();
  expect(await ended).toBe(0);
  expect(written).toContain("terminated in order");
});

test("a second signal does not wait for running functions", async () => {
  const ended = run("--app", appFolder("life"));
  fetch(`${await ready()}/api/endless`).catch(() => undefined);
  await vi.waitFor(() => expect(written).toContain("endless began"), PATIENCE);
  child?.kill("SIGTERM");
  await vi.waitFor(() => expect(written).toContain("SIGTERM: the host stops after the running functions"), PATIENCE);
  child?.kill("SIGTERM");
  expect((await ended).code).toBe(130);
});
