import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startHost } from "../../host.js";
import type { HostKeys } from "../../http/keys.js";
import { silentLogger } from "../../logger.js";
import { appFolder, type ServedTestApp, serveTestApp } from "./served-app.js";

let app: ServedTestApp;
let keys: HostKeys;

beforeAll(async () => {
  app = await serveTestApp("http", { enableAuth: true });
  keys = JSON.parse(await readFile(join(app.dataDirectory, "keys.json"), "utf8"));
});
afterAll(() => app.close());

const statusOf = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
  (await app.fetch(path, { headers })).status;

test("only the owner may read the file of keys", async () => {
  expect((await stat(join(app.dataDirectory, "keys.json"))).mode & 0o777).toBe(0o600);
});

test("anonymous functions, the home page and ping need no key", async () => {
  expect(await statusOf("/api/bytes")).toBe(200);
  expect(await statusOf("/")).toBe(200);
  expect(await statusOf("/admin/host/ping")).toBe(200);
});

test("a function level opens by function or master key, in query or header", async () => {
  expect(await statusOf("/api/level")).toBe(401);
  expect(await statusOf("/api/level?code=wrong")).toBe(401);
  expect(await statusOf(`/api/level?code=${keys.system}`)).toBe(401);
  expect(await statusOf(`/api/level?code=${keys.function}`)).toBe(200);
  expect(await statusOf("/api/level", { "x-functions-key": keys.function })).toBe(200);
  expect(await statusOf(`/api/level?code=${keys.master}`)).toBe(200);
});

test("admin functions and pages open by the master key only", async () => {
  for (const path of ["/api/private", "/admin/functions", "/admin/host/status"]) {
    expect(await statusOf(path)).toBe(401);
    expect(await statusOf(`${path}?code=${keys.function}`)).toBe(401);
    expect(await statusOf(`${path}?code=${keys.master}`)).toBe(200);
  }
});

test("webhooks of extensions ask for the system key", async () => {
  expect(await statusOf("/runtime/webhooks/durabletask/instances")).toBe(401);
  expect(await statusOf(`/runtime/webhooks/durabletask/instances?code=${keys.system}`)).toBe(404);
});

test("keys are kept from one start to the next", async () => {
  const again = await serveTestApp("http", { enableAuth: true, dataDirectory: app.dataDirectory });
  expect((await again.fetch(`/api/level?code=${keys.function}`)).status).toBe(200);
  await again.host.stop();
});

test("without keys, pages of other sites get neither the pages of the host nor the webhooks of extensions", async () => {
  const open = await serveTestApp("http");
  const { host } = new URL(open.host.url);
  /** `fetch` sets the Host header itself. */
  const send = async (path: string, headers: Record<string, string>, method = "GET"): Promise<number | undefined> => {
    const sent = request(`${open.host.url}${path}`, { method, headers }).end();
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    answer.resume();
    return answer.statusCode;
  };
  const foreign: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://localhost:1" },
    { host: "evil.example" },
    { host: "127.0.0.1.evil.example" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" },
  ];
  try {
    for (const headers of foreign) {
      expect([headers, await send("/admin/functions", headers)]).toEqual([headers, 403]);
      expect([headers, await send("/ADMIN/functions/tick", headers, "POST")]).toEqual([headers, 403]);
      expect([headers, await send("/runtime/webhooks/durabletask/instances", headers)]).toEqual([headers, 403]);
      expect([headers, await send("/api/bytes", headers)]).toEqual([headers, 200]);
    }
    const own: Record<string, string>[] = [
      {},
      { host: `localhost:${host.split(":")[1]}` },
      { origin: open.host.url },
      { "sec-fetch-site": "same-origin" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    ];
    for (const headers of own) expect([headers, await send("/admin/functions", headers)]).toEqual([headers, 200]);
  } finally {
    await open.close();
  }
});

test("another address without keys is refused", async () => {
  const start = startHost({ appDirectory: appFolder("http"), port: 0, address: "0.0.0.0", logger: silentLogger });
  await expect(start).rejects.toThrow(/--enable-auth/);
});

test("a port in use is named", async () => {
  const port = Number(new URL(app.host.url).port);
  const start = startHost({ appDirectory: appFolder("http"), port, logger: silentLogger });
  await expect(start).rejects.toThrow(`127.0.0.1:${port} is in use`);
});
