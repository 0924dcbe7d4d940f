import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../dist/host/main.js", import.meta.url));
const START_LIMIT_MS = 60_000;

/**
 * Starts the embedded host with the app in `folder`, in its own process on a free port. `settings` are environment
 * variables. Resolves when it serves.
 */
export async function startHost(folder, settings) {
  const data = await mkdtemp(join(tmpdir(), "secondsite-bench-"));
  const child = spawn(process.execPath, [MAIN, "--app", folder, "--port", "0", "--data", data], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...settings },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const url = await listening(child);
  const call = (method, path, body, headers) => exchange(agent, method, new URL(path, url), body, headers);
  return {
    url,
    pid: child.pid,
    call,
    /** An exchange whose answer must be a success, as JSON. */
    async json(method, path, body, headers) {
      const { status, text } = await call(method, path, body, headers);
      if (status < 200 || status > 299) throw new Error(`${method} ${path} was answered with ${status}: ${text}`);
      return text === "" ? undefined : JSON.parse(text);
    },
    async stop(signal = "SIGTERM") {
      agent.destroy();
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, "exit");
        child.kill(signal);
        await exited;
      }
      await rm(data, { recursive: true, force: true });
    },
  };
}

function listening(child) {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (reason) => {
      child.kill("SIGKILL");
      reject(new Error(`The host did not start: ${reason}. Its output:\n${output}`));
    };
    const limit = setTimeout(() => fail(`nothing served in ${START_LIMIT_MS} ms`), START_LIMIT_MS);
    child.once("exit", (code, signal) => fail(`it ended with ${signal ?? code}`));
    const read = (text) => {
      output = (output + text).slice(-10_000);
      const url = output.match(/Host ready at (\S+)/)?.[1];
      if (!url) return;
      clearTimeout(limit);
      resolve(url);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
  });
}

function exchange(agent, method, url, body, headers = {}) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const content =
    text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    request(url, { method, agent, headers: { ...content, ...headers } }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }),
      );
    })
      .on("error", reject)
      .end(text);
  });
}
