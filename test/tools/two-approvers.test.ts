import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { typedOn, withGaps } from "../support/page.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const END = "--- end of a block ---";

let home: string;
const terminals: ChildProcess[] = [];
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "secondsite-page-"));
});
afterAll(async () => {
  await Promise.all(terminals.map(close));
  await rm(home, { recursive: true, force: true });
});

/** A shell with everything that it starts in a process group of its own. The page's folder is below `~`. */
function openTerminal(): ChildProcess {
  const env = { PATH: process.env["PATH"], HOME: home, NO_COLOR: "1" };
  const terminal = spawn("bash", ["--norc"], { cwd: ROOT, env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  terminals.push(terminal);
  return terminal;
}

async function close(terminal: ChildProcess): Promise<void> {
  if (terminal.pid === undefined || terminal.exitCode !== null) return;
  const ended = once(terminal, "close");
  process.kill(-terminal.pid, "SIGTERM");
  await ended;
}

/** Types into a terminal, and answers what is printed until a text appears. */
function type(terminal: ChildProcess, text: string, until: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = "";
    const ended = (): void => reject(new Error(`the shell ended: ${printed}`));
    const read = (chunk: Buffer): void => {
      printed += chunk.toString("utf8");
      if (!printed.includes(until)) return;
      for (const stream of [terminal.stdout, terminal.stderr]) stream?.off("data", read);
      terminal.off("exit", ended);
      resolve(printed);
    };
    for (const stream of [terminal.stdout, terminal.stderr]) stream?.on("data", read);
    terminal.once("exit", ended);
    terminal.stdin?.write(`${text}\n`);
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("the page of the two approvers does what it says when a reader types it word for word", async () => {
  const [hostPort, askPort] = [await freePort(), await freePort()];
  const ports = (text: string) => text.replaceAll("7071", String(hostPort)).replaceAll("9099", String(askPort));
  const typed = await typedOn("docs/how-to/two-approvers.md");
  expect(typed.length).toBeGreaterThan(10);
  const reader = openTerminal();
  for (const { section, script, prints } of typed) {
    if (script.includes("npm start")) await type(openTerminal(), ports(script), "Host ready at");
    else {
      const printed = await type(reader, `${ports(script)}\necho "${END}"`, END);
      expect(printed.replace(`${END}\n`, "").trimEnd(), `${section}: ${script}`).toMatch(withGaps(prints));
    }
  }
});
