import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { typedOn, withGaps } from "./page.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const END = "--- end of a block ---";

/** A reader who types a page into terminals word for word, and compares what is printed with what the page says. */
export class PageReader {
  readonly #home: string;
  readonly #terminals: ChildProcess[] = [];

  private constructor(home: string) {
    this.#home = home;
  }

  static async open(): Promise<PageReader> {
    return new PageReader(await mkdtemp(join(tmpdir(), "secondsite-page-")));
  }

  async close(): Promise<void> {
    await Promise.all(this.#terminals.map(close));
    await rm(this.#home, { recursive: true, force: true });
  }

  /** Plays a page of `docs/how-to`. Returns how many blocks it has. */
  async play(page: string): Promise<number> {
    const [hostPort, askPort] = [await freePort(), await freePort()];
    const ports = (text: string) => text.replaceAll("7071", String(hostPort)).replaceAll("9099", String(askPort));
    const typed = await typedOn(`docs/how-to/${page}.md`);
    const reader = this.#openTerminal();
    for (const { section, script, prints } of typed) {
      if (script.includes("npm start")) await type(this.#openTerminal(), ports(script), "Host ready at");
      else {
        const printed = await type(reader, `${ports(script)}\necho "${END}"`, END);
        expect(printed.replace(`${END}\n`, "").trimEnd(), `${section}: ${script}`).toMatch(withGaps(prints));
      }
    }
    return typed.length;
  }

  /** A shell with everything that it starts in a process group of its own. The page's folder is below `~`. */
  #openTerminal(): ChildProcess {
    const env = { PATH: process.env["PATH"], HOME: this.#home, NO_COLOR: "1" };
    const terminal = spawn("bash", ["--norc"], { cwd: ROOT, env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
    this.#terminals.push(terminal);
    return terminal;
  }
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
