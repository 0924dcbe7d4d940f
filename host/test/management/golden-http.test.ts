import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { type GoldenHost, startGoldenHost } from "./golden-host.js";
import { normalised, withoutDetails } from "./normalised.js";
import { type RecordedExchange, recordedEpisodes, recordedExchanges } from "./recordings.js";

let host: GoldenHost;

beforeAll(async () => {
  host = await startGoldenHost(inject("storage"));
  await prepareInstances();
});

afterAll(() => host.close());

/** What this host answers otherwise on purpose, and why. */
const DIFFERENCES: Readonly<Record<string, { status: number; why: string }>> = {
  "suspend again": { status: 409, why: "suspending twice is the caller's mistake, not the host's" },
  "resume running(not suspended)": { status: 409, why: "resuming what runs is the caller's mistake, not the host's" },
};

/** Answers whose body is a host's own: a page, its version and folders, how long it has run. */
const OWN_BODY: Readonly<Record<string, string>> = {
  root: "each host shows a page of its own",
  "admin /admin/host/status master": "version, machine and time are the host's own",
  "admin /admin/functions master": "holds folders and links into another file layout",
  "admin /admin/functions/Basic master": "holds folders and links into another file layout",
  "admin host drain status": "counts what is running at that moment",
};

const HEADERS_THAT_MATTER = ["content-type", "location", "retry-after", "x-ms-continuation-token", "x-my"];

interface Comparable {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

describe("recorded exchanges", () => {
  // In the recorded order: each leaves the instances as the next one expects them.
  for (const exchange of recordedExchanges()) {
    test(exchange.label, async () => {
      await prepareFor(exchange);
      const recorded = comparable(exchange, exchange.status, exchange.headers, exchange.body ?? "");
      const difference = DIFFERENCES[exchange.label];
      if (difference) {
        const answer = await ask(exchange);
        expect({ ...answer, body: null }).toEqual({ ...recorded, status: difference.status, body: null });
        expect((answer.body as { Message: string }).Message).toBe(recordedException(exchange));
        return;
      }
      // A state may take a moment to come about; asking for it changes nothing.
      const patient = exchange.method === "GET" ? { timeout: 10_000, interval: 20 } : { timeout: 0 };
      await expect.poll(() => ask(exchange), patient).toEqual(recorded);
    });
  }
});

/** The recordings name no keys: which one was given shows in the label. */
function keyFor({ label, url }: RecordedExchange): string | undefined {
  if (/wrong (code|key)/.test(label)) return "wrong";
  if (label.includes("master") || label.startsWith("admin host drain")) return host.keys.master;
  if (label.startsWith("fn default")) return host.keys.function;
  return url.includes("code=KEY") ? host.keys.system : undefined;
}

/** Sends the recorded headers and no others, which `fetch` would not. */
function ask(exchange: RecordedExchange): Promise<Comparable> {
  const key = keyFor(exchange);
  const inQuery = exchange.url.includes("code=KEY");
  const path = exchange.url.replace("GoldenHub", host.hubName).replace("code=KEY", `code=${key}`);
  const base = exchange.url.startsWith("/durabletask/") ? host.rpcOrigin : host.origin;
  const headers = { ...exchange.requestHeaders, ...(key === undefined || inQuery ? {} : { "x-functions-key": key }) };
  return new Promise((resolve, reject) => {
    const sent = request(base + path, { method: exchange.method, headers, path }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      const given = Object.entries(response.headers).map(([name, value]) => [name, String(value)] as [string, string]);
      response.on("end", () => resolve(comparable(exchange, response.statusCode ?? 0, given, text)));
    });
    sent.on("error", reject).end(exchange.requestBody ?? "");
  });
}

function comparable(exchange: RecordedExchange, status: number, headers: [string, string][], text: string): Comparable {
  const chosen = headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => HEADERS_THAT_MATTER.includes(name));
  const ours = { headers: Object.fromEntries(chosen), body: exchange.label in OWN_BODY ? "its own" : body(text) };
  const renamed = JSON.stringify(ours).replaceAll(host.hubName, "GoldenHub").replaceAll(host.keys.system, "KEY");
  return { status, ...(normalised(withoutDetails(JSON.parse(renamed))) as typeof ours) };
}

/** Error documents are compared by their message: the rest of them are words of .NET. */
function body(text: string): unknown {
  if (!text.startsWith("{")) return text;
  const value = JSON.parse(text.replace(/(known orchestrator functions: )[^"]*/g, "$1…")) as Record<string, unknown>;
  return "Message" in value ? { Message: value["Message"] } : value;
}

function recordedException(exchange: RecordedExchange): unknown {
  return (JSON.parse(exchange.body ?? "{}") as { ExceptionMessage?: string }).ExceptionMessage;
}

/** Instances that were there when the exchanges were recorded, run as they ran then. */
async function prepareInstances(): Promise<void> {
  // g-Basic is started by the first exchange itself.
  const finished = ["Seq", "SubExplicit", "AnyTimer", "AnyTimeout", "RetryFailCaught", "SubFailCaught"];
  for (const name of [...finished, "Events", "Throws"]) await runAsRecorded(`g-${name}`);
  await start("Guid", "g-Guid", '""');
  for (const id of ["g-Forever", "m-run", "m-term", "m-term2", "x-SuspAct"]) await start("Forever", id, '""');
  await reaches("g-Guid", "Completed");
  for (const id of ["g-Forever", "m-run", "m-term", "m-term2", "x-SuspAct"]) await reaches(id, "Running");
}

/** Starts an instance with the recorded input and raises the recorded events, one for each wait. */
async function runAsRecorded(instanceId: string): Promise<void> {
  const episodes = recordedEpisodes().filter((episode) => episode.instanceId === instanceId);
  const history = episodes.at(-1)?.payload.history ?? [];
  const started = history.find((event) => event.EventType === 0);
  await start(episodes[0]?.function ?? "", instanceId, String(started?.["Input"]));
  await reaches(instanceId, "Running", "Completed", "Failed");
  for (const event of history.filter(({ EventType }) => EventType === 15)) {
    await post(`instances/${instanceId}/raiseEvent/${event["Name"]}`, String(event["Input"]));
  }
  await reaches(instanceId, "Completed", "Failed");
}

/** What happened between exchanges when they were recorded. */
async function prepareFor(exchange: RecordedExchange): Promise<void> {
  if (exchange.label === "rpc GET running") {
    await post("instances/g-Forever/suspend?reason=s", "");
    await reaches("g-Forever", "Suspended");
    await post("instances/g-Forever/resume?reason=s", "");
    await reaches("g-Forever", "Running");
  }
  if (exchange.label === "resume" && exchange.url.includes("x-SuspAct")) await reaches("x-SuspAct", "Suspended");
}

const start = (name: string, id: string, input: string): Promise<void> => post(`orchestrators/${name}/${id}`, input);

async function post(path: string, json: string): Promise<void> {
  const response = await fetch(`${host.rpcOrigin}/durabletask/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: json,
  });
  if (response.status !== 202) throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`);
}

async function reaches(id: string, ...statuses: string[]): Promise<void> {
  const status = async (): Promise<unknown> => {
    const response = await fetch(`${host.rpcOrigin}/durabletask/instances/${id}`);
    return ((await response.json()) as { runtimeStatus: string }).runtimeStatus;
  };
  await vi.waitFor(async () => expect(await status()).toBeOneOf(statuses), { timeout: 20_000, interval: 20 });
}
