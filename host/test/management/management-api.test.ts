import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { APP_FOLDER } from "../conformance/bench.js";
import { type DurableHost, openDurableHost } from "./durable-host.js";

let host: DurableHost;
let api: string;

beforeAll(async () => {
  host = await openDurableHost(inject("storage"), APP_FOLDER);
  api = `${host.origin}/runtime/webhooks/durabletask`;
});

afterAll(() => host.close());

const JSON_TYPE = { "content-type": "application/json" };

interface Answered {
  status: number;
  headers: Headers;
  body: unknown;
}

async function ask(
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = JSON_TYPE,
): Promise<Answered> {
  const response = await fetch(`${api}/${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}

/** The path exactly as given: `fetch` would tidy it. */
function askRaw(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(host.origin);
    request({ hostname, port, path, method: "GET" }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

async function start(name: string, input: unknown = null, id: string = randomUUID()): Promise<string> {
  const { status } = await ask("POST", `orchestrators/${name}/${id}`, JSON.stringify(input));
  expect(status).toBe(202);
  return id;
}

async function reaches(id: string, runtimeStatus: string): Promise<void> {
  const check = async (): Promise<void> => {
    expect((await ask("GET", `instances/${id}`)).body).toMatchObject({ runtimeStatus });
  };
  await vi.waitFor(check, { timeout: 10_000, interval: 20 });
}

const ended = async (id: string, status = "Completed"): Promise<string> => {
  await reaches(id, status);
  return id;
};

describe("lists", () => {
  const prefix = `list-${randomUUID()}-`;
  const ids = Array.from({ length: 5 }, (_, n) => `${prefix}${n}`);

  beforeAll(async () => {
    for (const id of ids) await ended(await start("Sequence", { id }, id));
    await ended(await start("Throws", null, `${prefix}failed`), "Failed");
    await start("Event", null, `${prefix}running`);
    await reaches(`${prefix}running`, "Running");
  });

  const listed = ({ body }: Answered): string[] => (body as { instanceId: string }[]).map((one) => one.instanceId);

  test("come whole when they fit, without a token", async () => {
    const answer = await ask("GET", `instances?instanceIdPrefix=${prefix}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-ms-continuation-token")).toBeNull();
    expect(listed(answer)).toEqual([...ids, `${prefix}failed`, `${prefix}running`]);
  });

  test("come in pages whose token leads to the next", async () => {
    const seen: string[] = [];
    let token = "";
    do {
      const headers = token === "" ? JSON_TYPE : { "x-ms-continuation-token": token };
      const page = await ask("GET", `instances/?instanceIdPrefix=${prefix}&top=2`, undefined, headers);
      expect(listed(page).length).toBeLessThanOrEqual(2);
      seen.push(...listed(page));
      token = page.headers.get("x-ms-continuation-token") ?? "";
    } while (token !== "");
    expect(seen).toEqual([...ids, `${prefix}failed`, `${prefix}running`]);
  });

  test("filter by status, in any case, and ignore names of no status", async () => {
    const some = await ask("GET", `instances?instanceIdPrefix=${prefix}&runtimeStatus=failed,Running,Nonsense`);
    expect(listed(some)).toEqual([`${prefix}failed`, `${prefix}running`]);
    const all = await ask("GET", `instances?instanceIdPrefix=${prefix}&runtimeStatus=Nonsense`);
    expect(listed(all)).toHaveLength(7);
  });

  test("filter by time of creation", async () => {
    const before = await ask("GET", `instances?instanceIdPrefix=${prefix}&createdTimeTo=2020-01-01T00:00:00Z`);
    expect(listed(before)).toEqual([]);
    const after = await ask("GET", `instances?instanceIdPrefix=${prefix}&createdTimeFrom=2020-01-01T00:00:00.000Z`);
    expect(listed(after)).toHaveLength(7);
  });

  test("leave inputs out on request", async () => {
    const shown = await ask("GET", `instances?instanceIdPrefix=${ids[0]}`);
    expect(shown.body).toMatchObject([{ input: { id: ids[0] } }]);
    const hidden = await ask("GET", `instances?instanceIdPrefix=${ids[0]}&showInput=false`);
    expect(hidden.body).toMatchObject([{ input: null }]);
  });
});

describe("purge", () => {
  test("removes a finished instance once and refuses a running one", async () => {
    const id = await start("Event");
    await reaches(id, "Running");
    const refused = await ask("DELETE", `instances/${id}`);
    expect(refused.status).toBe(412);
    expect(refused.body).toContain(id);
    await ask("POST", `instances/${id}/raiseEvent/Go`, "1");
    await ended(id);
    expect(await ask("DELETE", `instances/${id}`)).toMatchObject({ status: 200, body: { instancesDeleted: 1 } });
    expect(await ask("DELETE", `instances/${id}`)).toMatchObject({ status: 404, body: undefined });
    expect((await ask("GET", `instances/${id}`)).status).toBe(404);
  });

  test("by filter needs a beginning, counts what it removed, and never touches what runs", async () => {
    const prefix = `purge-${randomUUID()}-`;
    await ended(await start("Sequence", null, `${prefix}a`));
    await ended(await start("Sequence", null, `${prefix}b`));
    await start("Event", null, `${prefix}c`);
    await reaches(`${prefix}c`, "Running");
    const window = "createdTimeFrom=2020-01-01T00:00:00Z";
    expect(await ask("DELETE", `instances?instanceIdPrefix=${prefix}`)).toMatchObject({
      status: 400,
      body: "Please provide value for 'createdTimeFrom' parameter.",
    });
    const running = await ask("DELETE", `instances/?${window}&instanceIdPrefix=${prefix}&runtimeStatus=Running`);
    expect(running.status).toBe(404);
    expect(await ask("DELETE", `instances/?${window}&instanceIdPrefix=${prefix}`)).toMatchObject({
      status: 200,
      body: { instancesDeleted: 2 },
    });
    await reaches(`${prefix}c`, "Running");
  });
});

describe("start and wait", () => {
  test("answers the output when it comes in time", async () => {
    const answer = await ask("POST", "orchestrators/Sequence?timeout=20&pollingInterval=0.05", "1");
    expect(answer).toMatchObject({ status: 200, body: ["a", "b", "c"] });
  });

  test("answers the links when it does not", async () => {
    const answer = await ask("POST", "orchestrators/Event?timeout=0.1&pollingInterval=0.05", "1");
    expect(answer.status).toBe(202);
    expect(answer.headers.get("retry-after")).toBe("10");
    expect(answer.body).toMatchObject({ statusQueryGetUri: answer.headers.get("location") });
  });

  test("answers the status of what failed, as a 500 when asked to", async () => {
    const wait = "timeout=20&pollingInterval=0.05";
    const answer = await ask("POST", `orchestrators/Throws?${wait}`, "1");
    expect(answer).toMatchObject({ status: 200, body: { runtimeStatus: "Failed" } });
    const strict = await ask("POST", `orchestrators/Throws?${wait}&returnInternalServerErrorOnFailure=true`, "1");
    expect(strict).toMatchObject({ status: 500, body: { runtimeStatus: "Failed" } });
  });
});

describe("restart", () => {
  test("runs the same input again, under a new id or the same", async () => {
    const id = await ended(await start("Parallel", { width: 2 }));
    const fresh = await ask("POST", `instances/${id}/restart`);
    expect(fresh.status).toBe(202);
    const { id: freshId } = fresh.body as { id: string };
    expect(freshId).toMatch(/^[0-9a-f]{32}$/);
    await ended(freshId);
    const same = await ask("POST", `instances/${id}/restart?restartWithNewInstanceId=false`);
    expect(same).toMatchObject({ status: 202, body: { id } });
    await ended(id);
  });

  test("is refused for an unknown instance, and under the id of one that runs", async () => {
    expect(await ask("POST", "instances/nobody/restart")).toMatchObject({
      status: 400,
      body: { Message: "InstanceId does not match a valid orchestration instance." },
    });
    const id = await start("Event");
    await reaches(id, "Running");
    expect(await ask("POST", `instances/${id}/restart?restartWithNewInstanceId=false`)).toMatchObject({
      status: 409,
      body: { Message: "A non-terminal instance with this instance ID already exists." },
    });
  });
});

describe("what is not served says so and what to do", () => {
  test.each([
    ["GET", "entities/counter/1"],
    ["GET", "entities"],
    ["POST", "entities/counter/1?op=add"],
    ["POST", "instances/any/rewind?reason=r"],
  ])("%s %s", async (method, path) => {
    const answer = await ask(method, path, method === "POST" ? "1" : undefined);
    expect(answer.status).toBe(501);
    expect(answer.body).toMatch(/not served by the embedded host\. .+/);
  });
});

test("makeprimary is taken for granted", async () => {
  expect((await ask("POST", "makeprimary")).status).toBe(200);
});

test("paths count in any case", async () => {
  const answer = await fetch(`${host.origin}/Runtime/Webhooks/DURABLETASK/ORCHESTRATORS/sequence`, { method: "POST" });
  expect(answer.status).toBe(202);
});

describe("bad requests are answered with what is wrong, and change nothing", () => {
  const id = `bad-${randomUUID()}`;

  beforeAll(async () => {
    await start("Event", null, id);
    await reaches(id, "Running");
  });

  test.each([
    ["GET", "instances?top=0", /'top' is a whole number above 0/],
    ["GET", "instances?top=ten", /'top' is a whole number above 0/],
    ["GET", "instances?top=99999999999", /'top'/],
    ["GET", "instances?createdTimeFrom=yesterday", /'createdtimefrom' is an ISO 8601 time/],
    ["GET", "instances?createdTimeTo=2026-13-45T00:00:00Z", /'createdtimeto'/],
    ["GET", `instances/${id}?showHistory=perhaps`, /'showhistory' is 'true' or 'false'/],
    ["GET", `instances/${id}?showInput=true&showInput=false`, /'showinput'/],
    ["DELETE", "instances?createdTimeFrom=soon", /'createdtimefrom'/],
    ["POST", "orchestrators/Sequence?timeout=-1&pollingInterval=1", /'timeout' is a number of seconds above 0/],
    ["POST", "orchestrators/Sequence?timeout=1&pollingInterval=NaN", /'pollinginterval'/],
    ["GET", `instances/${id}?taskHub=Another`, /task hub .* and no other/],
    ["GET", "instances/%FF%FE", /path can't be read/],
  ])("%s %s", async (method, path, message) => {
    const answer = await ask(method, path, method === "POST" ? "1" : undefined);
    expect(answer.status).toBe(400);
    expect((answer.body as { Message: string }).Message).toMatch(message);
  });

  test.each([
    ["truncated JSON", '{"a":'],
    ["two values", "1 2"],
    ["text after JSON", '{"a":1}x'],
    ["nothing but blanks", "   "],
    ["deep nesting that never ends", "[".repeat(100_000)],
    ["nesting too deep to be shown again", "[".repeat(100_000) + "]".repeat(100_000)],
  ])("a body with %s", async (_what, body) => {
    for (const path of [`instances/${id}/raiseEvent/Go`, `orchestrators/Sequence/never-${id}`]) {
      const answer = await ask("POST", path, body);
      expect(answer).toMatchObject({ status: 400, body: { Message: "Invalid JSON content" } });
    }
    expect((await ask("GET", `instances/never-${id}`)).status).toBe(404);
  });

  test("brackets in a long text are no nesting", async () => {
    const text = `${"[".repeat(5_000)}\\"${"{".repeat(5_000)}`;
    const answer = await ask("POST", "orchestrators/Child?timeout=20&pollingInterval=0.05", JSON.stringify(text));
    expect(answer).toMatchObject({ status: 200, body: { echoed: text } });
  });

  test("a body that is not UTF-8", async () => {
    const response = await fetch(`${api}/instances/${id}/raiseEvent/Go`, {
      method: "POST",
      headers: JSON_TYPE,
      body: new Uint8Array([0x22, 0xff, 0xfe, 0x22]),
    });
    expect(response.status).toBe(400);
  });

  test.each(["AAA", "not base64!", "////"])("the continuation token %s", async (token) => {
    const answer = await ask("GET", "instances", undefined, { "x-ms-continuation-token": token });
    expect(answer.status).toBe(400);
    expect((answer.body as { Message: string }).Message).toContain("continuation token");
  });

  test.each([
    ["an id too long", "x".repeat(257)],
    ["a control character", "a%00b"],
    ["a line break", "a%0Ab"],
  ])("a start under %s never ends in a fault", async (_what, bad) => {
    const answer = await ask("POST", `orchestrators/Sequence/${bad}`, "1");
    expect([202, 400]).toContain(answer.status);
  });

  test.each([
    "/runtime/webhooks/durabletask/../../admin",
    "/runtime/webhooks/durabletask/instances/%",
    "/runtime/webhooks/durabletask//",
  ])("the path %s", async (path) => {
    expect([400, 404]).toContain(await askRaw(path));
  });

  test("after all of it the instance waits as before", async () => {
    expect((await ask("GET", `instances/${id}?showHistory=true`)).body).toMatchObject({
      runtimeStatus: "Running",
      historyEvents: [{ EventType: "ExecutionStarted" }],
    });
  });
});
