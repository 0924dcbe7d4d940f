import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { z } from "zod";
import { APP_FOLDER } from "../conformance/bench.js";
import { eventually } from "../eventually.js";
import { type DurableHost, openDurableHost } from "./durable-host.js";

/** How long clients of Node keep a connection that is idle. */
const CLIENT_KEEPS_MS = 5_000;

let host: DurableHost;

beforeAll(async () => {
  host = await openDurableHost(inject("storage"), APP_FOLDER);
});

afterAll(() => host.close());

const responseSchema = z.object({
  statusCode: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.object({ bytes: z.instanceof(Uint8Array) }).optional(),
});

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

/** Calls an HTTP function of the app, which talks to the hub through the library's own client. */
async function call(fn: string, params: Record<string, string>, body?: unknown): Promise<Answer> {
  const registered = host.app.find(fn);
  if (!registered) throw new Error(`The app has no function ${fn}.`);
  const bytes = new TextEncoder().encode(body === undefined ? "" : JSON.stringify(body));
  const nullableParams = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, { value }]));
  const http = {
    method: "POST",
    url: `${host.origin}/api/${fn}`,
    nullableHeaders: { "content-type": { value: "application/json" } },
    nullableQuery: {},
    nullableParams,
    ...(bytes.length > 0 && { body: { bytes } }),
  };
  const { returnValue } = await host.app.invoke(registered, {
    inputs: [{ name: registered.trigger.name, data: { http } }],
  });
  const response = responseSchema.parse(returnValue?.http);
  const text = new TextDecoder().decode(response.body?.bytes);
  return {
    status: Number(response.statusCode),
    headers: response.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}

/** What the client's method gave back. */
async function does(operation: string, id?: string, body?: unknown): Promise<unknown> {
  const answer = await call("client", { operation, ...(id === undefined ? {} : { id }) }, body);
  expect(answer).toMatchObject({ status: 200 });
  return (answer.body as { value?: unknown }).value;
}

/** How the client's method failed. */
async function failure(operation: string, id: string, body?: unknown): Promise<string> {
  const answer = await call("client", { operation, id }, body);
  expect(answer).toMatchObject({ status: 422 });
  return (answer.body as { message: string }).message;
}

const startsAs = async (name: string, input?: unknown): Promise<string> => {
  const id = randomUUID();
  expect(await does("start", id, { name, input })).toBe(id);
  return id;
};

const reaches = (id: string, runtimeStatus: string): Promise<void> =>
  vi.waitFor(async () => expect(await does("status", id)).toMatchObject({ runtimeStatus }), {
    timeout: 10_000,
    interval: 20,
  });

describe("the library's client", () => {
  test("starts, with an id or without one, and reads the status", async () => {
    const id = await startsAs("Parallel", { width: 2 });
    await reaches(id, "Completed");
    expect(await does("status", id, { showHistory: true, showHistoryOutput: true, showInput: true })).toMatchObject({
      name: "Parallel",
      instanceId: id,
      input: { width: 2 },
      output: [0, 1],
      customStatus: null,
    });
    expect(await does("start", undefined, { name: "Sequence" })).toMatch(/^[0-9a-f]{32}$/);
  });

  test("without an input the orchestrator gets the empty text", async () => {
    const id = await startsAs("Kinds");
    await reaches(id, "Completed");
    expect(await does("status", id)).toMatchObject({ input: "", output: { input: "" } });
  });

  test("is refused a start under the id of a running instance", async () => {
    const id = await startsAs("Event");
    await reaches(id, "Running");
    expect(await failure("start", id, { name: "Event" })).toContain("status Running already exists");
  });

  test("lists all, and by status and time, over several pages", async () => {
    const ids = await Promise.all(Array.from({ length: 3 }, () => startsAs("Sequence")));
    for (const id of ids) await reaches(id, "Completed");
    expect(await does("all")).toEqual(expect.arrayContaining(ids));
    const finished = await does("by", undefined, { from: "2020-01-01", statuses: ["Completed"] });
    expect(finished).toEqual(expect.arrayContaining(ids));
    expect(await does("by", undefined, { to: "2020-01-01" })).toEqual([]);
  });

  test("raises events with data, and gets an error without data", async () => {
    const id = await startsAs("Event");
    expect(await failure("raise", id, { event: "Go" })).toContain("Invalid JSON content");
    await does("raise", id, { event: "Go", data: { by: "client" } });
    await reaches(id, "Completed");
    expect(await does("status", id)).toMatchObject({ output: { by: "client" } });
    expect(await failure("raise", randomUUID(), { event: "Go", data: 1 })).toContain("No instance with ID");
  });

  test("suspends, resumes and terminates", async () => {
    const id = await startsAs("Event");
    await reaches(id, "Running");
    await does("suspend", id, { reason: "lunch" });
    await reaches(id, "Suspended");
    expect(await failure("suspend", id, { reason: "again" })).toContain("409");
    await does("resume", id, { reason: "back" });
    await reaches(id, "Running");
    await does("terminate", id, { reason: "enough & more" });
    await reaches(id, "Terminated");
  });

  test("purges one, and by filter", async () => {
    const id = await startsAs("Sequence");
    await reaches(id, "Completed");
    expect(await does("purge", id)).toEqual({ instancesDeleted: 1 });
    expect(await does("purge", id)).toEqual({ instancesDeleted: 0 });
    expect(await failure("status", id)).toContain("404");
    const other = await startsAs("Throws");
    await reaches(other, "Failed");
    const count = (await does("purgeBy", undefined, { from: "2020-01-01", statuses: ["Failed"] })) as {
      instancesDeleted: number;
    };
    expect(count.instancesDeleted).toBeGreaterThanOrEqual(1);
  });

  test("finds connections open for longer than it keeps them, so that no request meets one that closes", async () => {
    const response = await fetch(`${host.rpcOrigin}/durabletask/instances/none`);
    const [, seconds] = /timeout=(\d+)/.exec(response.headers.get("keep-alive") ?? "") ?? [];
    expect(Number(seconds) * 1_000).toBeGreaterThan(2 * CLIENT_KEEPS_MS);
  });

  test("gets an error for rewind, which is not supported", async () => {
    const id = await startsAs("Throws");
    await reaches(id, "Failed");
    expect(await failure("rewind", id, { reason: "again" })).toContain("not served by the embedded host");
  });

  test("makes a check-status answer whose links work", async () => {
    const { status, headers, body } = await call("starter", { name: "Sequence" }, {});
    const links = body as Record<string, string>;
    expect(status).toBe(202);
    const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    expect(named).toMatchObject({ location: links["statusQueryGetUri"], "retry-after": "10" });
    await eventually(async () => {
      const answer = await fetch(links["statusQueryGetUri"] ?? "");
      expect(await answer.json()).toMatchObject({ instanceId: links["id"], runtimeStatus: "Completed" });
    });
    const removed = await fetch(links["purgeHistoryDeleteUri"] ?? "", { method: "DELETE" });
    expect(removed.status).toBe(200);
  });

  test("waits for the end and answers the output", async () => {
    expect(await call("waiter", { name: "Sequence" }, {})).toMatchObject({ status: 200, body: ["a", "b", "c"] });
  });

  test("offers a payload of links under the host's own address", async () => {
    const payload = (await does("payload", "one")) as Record<string, string>;
    for (const [name, link] of Object.entries(payload)) {
      if (name !== "id") expect(link).toContain(`${host.origin}/runtime/webhooks/durabletask/instances/one`);
    }
    expect(Object.keys(payload)).toHaveLength(9);
  });
});
