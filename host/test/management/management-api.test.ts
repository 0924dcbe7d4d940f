import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { APP_FOLDER } from "../conformance/bench.js";
import { type Answered, ApiClient } from "./api-client.js";
import { type DurableHost, openDurableHost } from "./durable-host.js";

let host: DurableHost;
let api: ApiClient;

beforeAll(async () => {
  host = await openDurableHost(inject("storage"), APP_FOLDER);
  api = new ApiClient(host);
});

afterAll(() => host.close());

describe("lists", () => {
  const prefix = `list-${randomUUID()}-`;
  const ids = Array.from({ length: 5 }, (_, n) => `${prefix}${n}`);

  beforeAll(async () => {
    for (const id of ids) await api.reaches(await api.start("Sequence", { id }, id), "Completed");
    await api.reaches(await api.start("Throws", null, `${prefix}failed`), "Failed");
    await api.start("Event", null, `${prefix}running`);
    await api.reaches(`${prefix}running`, "Running");
  });

  const listed = ({ body }: Answered): string[] => (body as { instanceId: string }[]).map((one) => one.instanceId);

  test("come whole when they fit, without a token", async () => {
    const answer = await api.ask("GET", `instances?instanceIdPrefix=${prefix}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-ms-continuation-token")).toBeNull();
    expect(listed(answer)).toEqual([...ids, `${prefix}failed`, `${prefix}running`]);
  });

  test("come in pages whose token leads to the next", async () => {
    const seen: string[] = [];
    let token = "";
    do {
      const headers = { "x-ms-continuation-token": token };
      const page = await api.ask("GET", `instances/?instanceIdPrefix=${prefix}&top=2`, undefined, headers);
      expect(listed(page).length).toBeLessThanOrEqual(2);
      seen.push(...listed(page));
      token = page.headers.get("x-ms-continuation-token") ?? "";
    } while (token !== "");
    expect(seen).toEqual([...ids, `${prefix}failed`, `${prefix}running`]);
  });

  test("filter by status, in any case, and ignore names of no status", async () => {
    const some = await api.ask("GET", `instances?instanceIdPrefix=${prefix}&runtimeStatus=failed,Running,Nonsense`);
    expect(listed(some)).toEqual([`${prefix}failed`, `${prefix}running`]);
    const all = await api.ask("GET", `instances?instanceIdPrefix=${prefix}&runtimeStatus=Nonsense`);
    expect(listed(all)).toHaveLength(7);
  });

  test("filter by time of creation", async () => {
    const before = await api.ask("GET", `instances?instanceIdPrefix=${prefix}&createdTimeTo=2020-01-01T00:00:00Z`);
    expect(listed(before)).toEqual([]);
    const after = await api.ask("GET", `instances?instanceIdPrefix=${prefix}&createdTimeFrom=2020-01-01T00:00:00.000Z`);
    expect(listed(after)).toHaveLength(7);
  });

  test("leave inputs out on request", async () => {
    const shown = await api.ask("GET", `instances?instanceIdPrefix=${ids[0]}`);
    expect(shown.body).toMatchObject([{ input: { id: ids[0] } }]);
    const hidden = await api.ask("GET", `instances?instanceIdPrefix=${ids[0]}&showInput=false`);
    expect(hidden.body).toMatchObject([{ input: null }]);
  });
});

describe("purge", () => {
  test("removes a finished instance once and refuses a running one", async () => {
    const id = await api.start("Event");
    await api.reaches(id, "Running");
    const refused = await api.ask("DELETE", `instances/${id}`);
    expect(refused.status).toBe(412);
    expect(refused.body).toContain(id);
    await api.ask("POST", `instances/${id}/raiseEvent/Go`, "1");
    await api.reaches(id, "Completed");
    expect(await api.ask("DELETE", `instances/${id}`)).toMatchObject({ status: 200, body: { instancesDeleted: 1 } });
    expect(await api.ask("DELETE", `instances/${id}`)).toMatchObject({ status: 404, body: undefined });
    expect((await api.ask("GET", `instances/${id}`)).status).toBe(404);
  });

  test("by filter needs a beginning, counts what it removed, and never touches what runs", async () => {
    const prefix = `purge-${randomUUID()}-`;
    await api.reaches(await api.start("Sequence", null, `${prefix}a`), "Completed");
    await api.reaches(await api.start("Sequence", null, `${prefix}b`), "Completed");
    await api.start("Event", null, `${prefix}c`);
    await api.reaches(`${prefix}c`, "Running");
    const window = "createdTimeFrom=2020-01-01T00:00:00Z";
    expect(await api.ask("DELETE", `instances?instanceIdPrefix=${prefix}`)).toMatchObject({
      status: 400,
      body: "Please provide value for 'createdTimeFrom' parameter.",
    });
    const running = await api.ask("DELETE", `instances/?${window}&instanceIdPrefix=${prefix}&runtimeStatus=Running`);
    expect(running.status).toBe(404);
    expect(await api.ask("DELETE", `instances/?${window}&instanceIdPrefix=${prefix}`)).toMatchObject({
      status: 200,
      body: { instancesDeleted: 2 },
    });
    await api.reaches(`${prefix}c`, "Running");
  });
});

describe("start and wait", () => {
  test("answers the output when it comes in time", async () => {
    const answer = await api.ask("POST", "orchestrators/Sequence?timeout=20&pollingInterval=0.05", "1");
    expect(answer).toMatchObject({ status: 200, body: ["a", "b", "c"] });
  });

  test("answers the links when it does not", async () => {
    const answer = await api.ask("POST", "orchestrators/Event?timeout=0.1&pollingInterval=0.05", "1");
    expect(answer.status).toBe(202);
    expect(answer.headers.get("retry-after")).toBe("10");
    expect(answer.body).toMatchObject({ statusQueryGetUri: answer.headers.get("location") });
  });

  test("answers the status of what failed, as a 500 when asked to", async () => {
    const wait = "timeout=20&pollingInterval=0.05";
    const answer = await api.ask("POST", `orchestrators/Throws?${wait}`, "1");
    expect(answer).toMatchObject({ status: 200, body: { runtimeStatus: "Failed" } });
    const strict = await api.ask("POST", `orchestrators/Throws?${wait}&returnInternalServerErrorOnFailure=true`, "1");
    expect(strict).toMatchObject({ status: 500, body: { runtimeStatus: "Failed" } });
  });
});

describe("restart", () => {
  test("runs the same input again, under a new id or the same", async () => {
    const id = await api.reaches(await api.start("Parallel", { width: 2 }), "Completed");
    const fresh = await api.ask("POST", `instances/${id}/restart`);
    expect(fresh.status).toBe(202);
    const { id: freshId } = fresh.body as { id: string };
    expect(freshId).toMatch(/^[0-9a-f]{32}$/);
    await api.reaches(freshId, "Completed");
    const same = await api.ask("POST", `instances/${id}/restart?restartWithNewInstanceId=false`);
    expect(same).toMatchObject({ status: 202, body: { id } });
    await api.reaches(id, "Completed");
  });

  test("is refused for an unknown instance, and under the id of one that runs", async () => {
    expect(await api.ask("POST", "instances/nobody/restart")).toMatchObject({
      status: 400,
      body: { Message: "InstanceId does not match a valid orchestration instance." },
    });
    const id = await api.start("Event");
    await api.reaches(id, "Running");
    expect(await api.ask("POST", `instances/${id}/restart?restartWithNewInstanceId=false`)).toMatchObject({
      status: 409,
      body: { Message: "A non-terminal instance with this instance ID already exists." },
    });
  });
});

describe("unsupported requests get an answer that says what to do", () => {
  test.each([
    ["GET", "entities/counter/1"],
    ["GET", "entities"],
    ["POST", "entities/counter/1?op=add"],
    ["POST", "instances/any/rewind?reason=r"],
  ])("%s %s", async (method, path) => {
    const answer = await api.ask(method, path, method === "POST" ? "1" : undefined);
    expect(answer.status).toBe(501);
    expect(answer.body).toMatch(/not served by the embedded host\. .+/);
  });
});

test("makeprimary succeeds without an effect", async () => {
  expect((await api.ask("POST", "makeprimary")).status).toBe(200);
});

test("paths are case-insensitive", async () => {
  const answer = await fetch(`${host.origin}/Runtime/Webhooks/DURABLETASK/ORCHESTRATORS/sequence`, { method: "POST" });
  expect(answer.status).toBe(202);
});
