import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { checkEgress, isForbiddenAddress } from "../../src/delivery/egress-guard.js";
import { post } from "../../src/delivery/send.js";

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
