import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { APP_FOLDER } from "../conformance/bench.js";
import { ApiClient } from "./api-client.js";
import { type DurableHost, openDurableHost } from "./durable-host.js";

let host: DurableHost;
let api: ApiClient;

beforeAll(async () => {
  host = await openDurableHost(inject("storage"), APP_FOLDER);
  api = new ApiClient(host);
});

afterAll(() => host.close());

describe("bad requests get an answer that says what is wrong, and change nothing", () => {
  const id = `bad-${randomUUID()}`;

  beforeAll(async () => {
    await api.start("Event", null, id);
    await api.reaches(id, "Running");
  });

  test.each([
    ["GET", "instances?top=0", /'top' must be a whole number above 0/],
    ["GET", "instances?top=ten", /'top' must be a whole number above 0/],
    ["GET", "instances?top=99999999999", /'top'/],
    ["GET", "instances?createdTimeFrom=yesterday", /'createdtimefrom' must be an ISO 8601 time/],
    ["GET", "instances?createdTimeTo=2026-13-45T00:00:00Z", /'createdtimeto'/],
    ["GET", `instances/${id}?showHistory=perhaps`, /'showhistory' must be 'true' or 'false'/],
    ["GET", `instances/${id}?showInput=true&showInput=false`, /'showinput'/],
    ["DELETE", "instances?createdTimeFrom=soon", /'createdtimefrom'/],
    ["POST", "orchestrators/Sequence?timeout=-1&pollingInterval=1", /'timeout' must be a number of seconds above 0/],
    ["POST", "orchestrators/Sequence?timeout=1&pollingInterval=NaN", /'pollinginterval'/],
    ["GET", `instances/${id}?taskHub=Another`, /serves only the task hub .* but the request names/],
    ["GET", "instances/%FF%FE", /path can't be read/],
  ])("%s %s", async (method, path, message) => {
    const answer = await api.ask(method, path, method === "POST" ? "1" : undefined);
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
      const answer = await api.ask("POST", path, body);
      expect(answer).toMatchObject({ status: 400, body: { Message: "Invalid JSON content" } });
    }
    expect((await api.ask("GET", `instances/never-${id}`)).status).toBe(404);
  });

  test("brackets in a long text are no nesting", async () => {
    const text = `${"[".repeat(5_000)}\\"${"{".repeat(5_000)}`;
    const answer = await api.ask("POST", "orchestrators/Child?timeout=20&pollingInterval=0.05", JSON.stringify(text));
    expect(answer).toMatchObject({ status: 200, body: { echoed: text } });
  });

  test("a body that is not UTF-8", async () => {
    const answer = await api.ask("POST", `instances/${id}/raiseEvent/Go`, new Uint8Array([0x22, 0xff, 0xfe, 0x22]));
    expect(answer.status).toBe(400);
  });

  test.each(["AAA", "not base64!", "////"])("the continuation token %s", async (token) => {
    const answer = await api.ask("GET", "instances", undefined, { "x-ms-continuation-token": token });
    expect(answer.status).toBe(400);
    expect((answer.body as { Message: string }).Message).toContain("continuation token");
  });

  test.each([
    ["an id too long", "x".repeat(257)],
    ["a control character", "a%00b"],
    ["a line break", "a%0Ab"],
  ])("a start under %s never ends in a fault", async (_what, bad) => {
    const answer = await api.ask("POST", `orchestrators/Sequence/${bad}`, "1");
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
    expect((await api.ask("GET", `instances/${id}?showHistory=true`)).body).toMatchObject({
      runtimeStatus: "Running",
      historyEvents: [{ EventType: "ExecutionStarted" }],
    });
  });
});

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
