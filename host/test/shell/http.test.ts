import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { MAX_BODY_BYTES } from "../../http/request-body.js";
import { PATIENCE, type ServedTestApp, serveTestApp } from "./served-app.js";

let app: ServedTestApp;

beforeAll(async () => {
  app = await serveTestApp("http");
});
afterAll(() => app.close());

const paramsOf = async (path: string): Promise<unknown> => {
  const answer = await app.fetch(path);
  return answer.status === 200 ? ((await answer.json()) as { params: unknown }).params : answer.status;
};

/** Sends what `fetch` refuses to send. */
function raw(path: string, options: { method?: string; headers?: Record<string, string>; body?: string[] }) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request(
      app.host.url + path,
      { method: options.method ?? "GET", headers: options.headers },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        answer.once("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    sent.once("error", reject);
    for (const chunk of options.body ?? []) sent.write(chunk);
    sent.end();
  });
}

describe("routes", () => {
  test("literals come before constrained parameters, and those before free ones", async () => {
    expect(await (await app.fetch("/api/orders/latest")).text()).toBe("literal");
    expect(await paramsOf("/api/orders/17")).toEqual({ id: "17" });
    expect(await paramsOf("/api/orders/0")).toEqual({ name: "0" });
    expect(await paramsOf("/api/orders/a%20b")).toEqual({ name: "a b" });
  });

  test("defaults, catch-all and several parameters in a segment", async () => {
    expect(await paramsOf("/api/pages")).toEqual({ page: "home" });
    expect(await paramsOf("/api/pages/about")).toEqual({ page: "about" });
    expect(await paramsOf("/api/files/a/b/c.txt")).toEqual({ path: "a/b/c.txt" });
    expect(await paramsOf("/api/files")).toEqual({});
    expect(await paramsOf("/api/download/report.pdf")).toEqual({ name: "report", extension: "pdf" });
    expect(await paramsOf("/api/download/a.b.c")).toEqual({ name: "a.b", extension: "c" });
    expect(await paramsOf("/api/download/report")).toEqual({ name: "report" });
  });

  test("an encoded slash is no border, and a broken escape is no error", async () => {
    expect(await paramsOf("/api/orders/a%2Fb")).toEqual({ name: "a%2Fb" });
    expect(await paramsOf("/api/orders/%E0%A4")).toEqual({ name: "%E0%A4" });
  });

  test("case and a slash at the end don't matter", async () => {
    expect(await (await app.fetch("/API/Orders/LATEST/")).text()).toBe("literal");
  });

  test.each([
    ["DELETE", "/api/echo"],
    ["HEAD", "/api/nothing"],
    ["OPTIONS", "/api/echo"],
    ["GET", "/api/none"],
    ["GET", "/echo"],
    ["GET", "/api/disabled"],
    ["GET", "/api/administrators"],
    ["GET", "/api/orders/1/2"],
    ["GET", "/runtime/webhooks/durabletask/instances"],
  ])("%s %s is not found", async (method, path) => {
    expect(await raw(path, { method })).toEqual({ status: 404, text: "" });
  });

  test("every file that the pattern names is loaded", async () => {
    expect(await (await app.fetch("/api/second-file")).text()).toBe("second");
  });
});

describe("requests", () => {
  test("body, query, headers and address reach the function", async () => {
    const answer = await app.fetch("/api/echo?a=1&a=2&b=%26", {
      method: "POST",
      body: "hello",
      headers: { "X-Test": "yes" },
    });
    expect(await answer.json()).toMatchObject({
      text: "hello",
      query: { a: "1,2", b: "&" },
      header: "yes",
      url: `${app.host.url}/api/echo?a=1&a=2&b=%26`,
    });
  });

  test("a body in chunks reaches the function whole", async () => {
    const { text } = await raw("/api/echo", {
      method: "PUT",
      headers: { "Transfer-Encoding": "chunked" },
      body: ["one ", "two"],
    });
    expect(JSON.parse(text)).toMatchObject({ text: "one two" });
  });

  test("a body above the limit is refused before the function runs", async () => {
    const answer = await raw("/api/echo", {
      method: "POST",
      headers: { "Content-Length": String(MAX_BODY_BYTES + 1) },
      body: ["x"],
    });
    expect(answer.status).toBe(413);
  });
});

describe("answers", () => {
  test("status, headers and cookies", async () => {
    const answer = await app.fetch("/api/cookies");
    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-own")).toBe("yes");
    expect(answer.headers.getSetCookie()).toEqual([
      "plain=a%20b",
      "full=1; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Strict",
    ]);
    expect(await answer.text()).toBe("set");
  });

  test("bytes stay bytes", async () => {
    expect([...new Uint8Array(await (await app.fetch("/api/bytes")).arrayBuffer())]).toEqual([0, 255, 1]);
  });

  test.each([
    ["throws", 500],
    ["wrong", 500],
    ["nothing", 204],
  ])("a function that %s gives %i with an empty body", async (name, status) => {
    const answer = await app.fetch(`/api/${name}`);
    expect({ status: answer.status, text: await answer.text() }).toEqual({ status, text: "" });
  });

  test("errors of a function appear in the log only", async () => {
    await app.fetch("/api/throws");
    expect(app.log).toContainEqual(
      expect.objectContaining({
        level: "error",
        message: expect.stringContaining("a secret of the app"),
        fields: expect.objectContaining({ function: "throws", category: "Function.throws" }),
      }),
    );
  });
});

describe("pages of the host", () => {
  test("home, ping and status", async () => {
    const home = await app.fetch("/");
    expect(home.headers.get("content-type")).toBe("text/html");
    expect(await home.text()).toContain("up and running");
    expect((await app.fetch("/admin/host/ping", { method: "POST" })).headers.get("cache-control")).toBe(
      "no-store,no-cache",
    );
    expect(await (await app.fetch("/admin/host/status")).json()).toMatchObject({ state: "Running" });
  });

  test("the list of functions, and one of them", async () => {
    const all = (await (await app.fetch("/admin/functions")).json()) as { name: string; isDisabled: boolean }[];
    expect(all.map((fn) => fn.name)).toContain("byNumber");
    expect(all.find((fn) => fn.name === "disabled")?.isDisabled).toBe(true);
    expect(await (await app.fetch("/admin/functions/BYNUMBER")).json()).toMatchObject({
      name: "byNumber",
      invoke_url_template: `${app.host.url}/api/orders/{id:int:min(1)}`,
      config: {
        bindings: [
          { type: "httpTrigger", route: "orders/{id:int:min(1)}" },
          { type: "http", name: "$return" },
        ],
      },
    });
    expect((await app.fetch("/admin/functions/none")).status).toBe(404);
    expect(await (await app.fetch("/admin/functions/echo/status")).json()).toEqual({});
  });

  test("only timers and activities are started by hand", async () => {
    const run = (name: string, body: string) => app.fetch(`/admin/functions/${name}`, { method: "POST", body });
    expect((await run("echo", "{}")).status).toBe(400);
    expect((await run("echo", "{")).status).toBe(400);
    expect((await run("none", "{}")).status).toBe(404);
  });

  test.each([
    "/admin",
    "/admin/",
    "/admin/host",
    "/admin/host/keys",
    "/admin/functions/echo/status/more",
    "/admin/%E0%A4",
  ])("%s is not found", async (path) => {
    expect((await app.fetch(path)).status).toBe(404);
  });
});

describe("CORS", () => {
  test("an allowed origin is answered, a preflight too, another origin is not", async () => {
    const ask = (origin: string, method: string, headers = {}) =>
      app.fetch("/api/bytes", { method, headers: { origin, ...headers } });
    expect((await ask("https://portal.example", "GET")).headers.get("access-control-allow-origin")).toBe(
      "https://portal.example",
    );
    expect((await ask("https://evil.example", "GET")).headers.get("access-control-allow-origin")).toBeNull();
    const preflight = await ask("https://other.example", "OPTIONS", {
      "access-control-request-method": "PUT",
      "access-control-request-headers": "x-a",
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-methods")).toBe("PUT");
    expect(preflight.headers.get("access-control-allow-headers")).toBe("x-a");
  });
});

test("a request that is under way when the host stops gets its answer", async () => {
  const other = await serveTestApp("http");
  const slow = other.fetch("/api/slow");
  expect((await app.fetch("/admin/host/status")).status).toBe(200);
  await vi.waitFor(async () => {
    const drain = (await (await other.fetch("/admin/host/drain/status")).json()) as { outstandingInvocations: number };
    expect(drain.outstandingInvocations).toBe(1);
  }, PATIENCE);
  const closed = other.close();
  await expect(other.fetch("/api/bytes")).rejects.toThrow();
  // The same app is served by the other host too, and so opens the gate.
  expect(await (await app.fetch("/api/release")).text()).toBe("true");
  expect(await (await slow).text()).toBe("slow");
  await closed;
});
