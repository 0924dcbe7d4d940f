import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { attemptTo, EgressTrap } from "../support/egress-trap.js";

let trap: EgressTrap;
beforeEach(async () => {
  trap = await EgressTrap.open();
});
afterEach(() => trap.close());

describe.each([300, 301, 302, 303, 305, 307, 308])("a redirect with %d", (status) => {
  test.each([
    "http://127.0.0.1:PORT/",
    "http://169.254.169.254/metadata/instance",
    "//127.0.0.1:PORT/",
    "http://user@127.0.0.1:PORT/",
  ])("to %s is an answer, and nobody goes there", async (location) => {
    const server = createServer((_request, response) => {
      response.writeHead(status, { location: trap.url(location), refresh: `0; url=${trap.url(location)}` }).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await attemptTo(url, { allowPrivate: true })).toContain(`answered ${status}`);
    server.close();
    expect([trap.arrived, trap.tried]).toEqual([0, ["127.0.0.1"]]);
  });
});
