import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { checkEgress, isForbiddenAddress } from "../../src/activities/webhook/egress-guard.js";
import { post } from "../../src/activities/webhook/send.js";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listen(handler: Parameters<typeof createServer>[1]): Promise<URL> {
  server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
}

const NOTHING = { headers: {}, body: "{}" };
const LOOPBACK = { address: "127.0.0.1", family: 4 } as const;

test.each([
  "http://127.0.0.1/",
  "http://127.1/",
  "http://2130706433/",
  "http://0x7f.1/",
  "http://017700000001/",
  "http://0/",
  "http://localhost/",
  "http://10.1.2.3/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.1.1/",
  "http://169.254.169.254/metadata/instance",
  "http://168.63.129.16/",
  "http://100.64.0.1/",
  "http://192.0.0.170/",
  "http://198.18.0.1/",
  "http://224.0.0.1/",
  "http://255.255.255.255/",
  "http://[::1]/",
  "http://[::]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://[::127.0.0.1]/",
  "http://[fe80::1]/",
  "http://[fc00::1]/",
  "http://[fd00:ec2::254]/",
  "http://[64:ff9b::7f00:1]/",
  "http://[2002:7f00:1::]/",
  "http://[2001::1]/",
  "http://[ff02::1]/",
  "http://[::1:0:0]/",
  "http://[4000::1]/",
  "http://[5f00::1]/",
  "http://[3fff::1]/",
  "http://user:secret@example.com/",
  "ftp://example.com/",
  "file:///etc/passwd",
])("%s is not called", async (url) => {
  expect(await checkEgress(new URL(url), false)).toHaveProperty("refused");
});

test("public addresses are not forbidden, and private ones only while the setting says so", async () => {
  expect(isForbiddenAddress("20.50.2.1")).toBe(false);
  expect(isForbiddenAddress("2603:1020::1")).toBe(false);
  expect(isForbiddenAddress("not an address")).toBe(true);
  expect(isForbiddenAddress("fe80::1%eth0")).toBe(true);
  expect(await checkEgress(new URL("http://127.0.0.1/"), true)).toEqual(LOOPBACK);
});

test("a host without an address is unknown, not forbidden", async () => {
  expect(await checkEgress(new URL("http://no-such-host.invalid/"), false)).toHaveProperty("unknown");
});

test("the connection goes to the checked address, whatever the name resolves to", async () => {
  const url = await listen((_request, response) => response.end("here"));
  url.hostname = "elsewhere.invalid";
  expect(await post(url, LOOPBACK, NOTHING, 5_000)).toEqual({ status: 200, body: "here" });
});

test("redirects are answers, not followed", async () => {
  let calls = 0;
  const url = await listen((_request, response) => {
    calls += 1;
    response.writeHead(302, { location: "/again" }).end();
  });
  expect((await post(url, LOOPBACK, NOTHING, 5_000)).status).toBe(302);
  expect(calls).toBe(1);
});

test("an offer to switch protocols is an answer, not taken up", async () => {
  const url = await listen(undefined);
  server?.on("connection", (socket) => {
    socket.once("data", () =>
      socket.end("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"),
    );
  });
  expect(await post(url, LOOPBACK, NOTHING, 5_000)).toEqual({ status: 101, body: "" });
});

test("an endless answer is cut", async () => {
  const url = await listen((_request, response) => {
    const more = (): void => {
      while (response.writable && response.write("x".repeat(1_000)));
      response.once("drain", more);
    };
    more();
  });
  expect((await post(url, LOOPBACK, NOTHING, 5_000)).body).toHaveLength(4_096);
});

test("a silent host is given up after the time limit", async () => {
  const url = await listen(() => undefined);
  await expect(post(url, LOOPBACK, NOTHING, 50)).rejects.toMatchObject({ name: "TimeoutError" });
});
