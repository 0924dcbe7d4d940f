import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const DEMO = fileURLToPath(new URL("../../dist/demo/main.js", import.meta.url));

let folder: string;
let child: ChildProcess | undefined;
let written = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "demo-test-"));
  written = "";
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs the demo as a terminal does: in a process group of its own, which Ctrl+C reaches as a whole. */
function run(...args: string[]): Promise<number | null> {
  const started = spawn(process.execPath, [DEMO, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  child = started;
  for (const stream of [started.stdout, started.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      written += text;
    });
  }
  return once(started, "close").then(([code]) => code as number | null);
}

const pressCtrlC = (): void => void process.kill(-(child?.pid ?? Number.NaN), "SIGINT");

async function azuritePid(): Promise<number> {
  const [data = ""] = await readdir(folder);
  const record = JSON.parse(await readFile(join(folder, data, "azurite/process.json"), "utf8")) as { pid: number };
  return record.pid;
}

test.each(["Starting a host", "Check prerequisites"])("Ctrl+C after “%s” leaves nothing behind", async (shown) => {
  const ended = run();
  await vi.waitFor(() => expect(written).toContain(shown), { timeout: 45_000 });
  const pid = await vi.waitFor(azuritePid, { timeout: 45_000 });
  pressCtrlC();
  expect(await ended).toBe(130);
  expect(await readdir(folder)).toEqual([]);
  // Azurite has ended, but outlives its host as a zombie until the system collects it.
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), { timeout: 10_000 });
});

test.each([
  [["--world", "nowhere.yaml", "--plan", "nowhere.yaml"], "nowhere.yaml can not be read"],
  [["--world", "w.yaml"], "--world and --plan go together"],
  [["--fast"], "'--fast'. Run with --help"],
])("%s is refused before a host is started", async (args, message) => {
  expect(await run(...args)).toBe(2);
  expect(written).toContain(message);
  expect(written).not.toContain("Starting");
  expect(written.trimEnd().split("\n")).toHaveLength(1);
});
