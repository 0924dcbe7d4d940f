import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = createRequire(import.meta.url).resolve("azurite/dist/src/azurite.js");
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** A benchmark that is killed can't stop its Azurite, so Azurite ends when the pipe to its parent does. */
const END_WITH_PARENT = `data:text/javascript,process.stdin.on("end",()=>process.kill(process.pid,"SIGTERM")).resume().unref()`;

/**
 * Starts an Azurite on disk in its own process. With `countRequests`, it logs each request and `requests()` gives
 * how many it has served; without, it is silent, as in use.
 */
export async function startAzurite({ countRequests = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "secondsite-bench-"));
  const ports = ["blob", "queue", "table"].flatMap((service) => [`--${service}Port`, "0"]);
  const quiet = countRequests ? [] : ["--silent"];
  const args = [
    "--import",
    END_WITH_PARENT,
    PROGRAM,
    "--location",
    folder,
    ...ports,
    ...quiet,
    "--skipApiVersionCheck",
    "--disableTelemetry",
  ];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  let served = 0;
  child.stdout.on("data", (text) => {
    served += String(text).match(/"(GET|PUT|POST|DELETE|PATCH|MERGE|HEAD) /g)?.length ?? 0;
  });
  const connectionString = await endpoints(child);
  return {
    connectionString,
    requests: () => served,
    async stop() {
      if (child.exitCode === null) {
        const exited = once(child, "exit");
        child.kill("SIGTERM");
        await exited;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function endpoints(child) {
  return new Promise((resolve, reject) => {
    let output = "";
    child.once("exit", (code) => reject(new Error(`Azurite ended with ${code}: ${output}`)));
    child.stdout.on("data", function read(text) {
      output += text;
      const found = [...output.matchAll(/Azurite (\w+) service is successfully listening at (\S+)/g)];
      if (found.length < 3) return;
      child.stdout.off("data", read);
      const services = found.map(([, service, url]) => `${service}Endpoint=${url}/${ACCOUNT}`);
      resolve(["DefaultEndpointsProtocol=http", `AccountName=${ACCOUNT}`, `AccountKey=${KEY}`, ...services].join(";"));
    });
  });
}
