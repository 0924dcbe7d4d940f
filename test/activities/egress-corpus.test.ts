import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Resolve } from "../../src/delivery/egress-guard.js";
import { answering, attemptTo, EgressTrap, PUBLIC_ADDRESS } from "../support/egress-trap.js";

let trap: EgressTrap;
beforeEach(async () => {
  trap = await EgressTrap.open();
});
afterEach(() => trap.close());

test("without the guard the listener is reached, and is counted", async () => {
  expect(await attemptTo(trap.url("http://127.0.0.1:PORT/"), { allowPrivate: true })).toContain("did not answer");
  expect([trap.arrived, trap.tried]).toEqual([1, ["127.0.0.1"]]);
});

const ADDRESSES = {
  "other ways to write 127.0.0.1": [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.0x1",
    "127.255.255.254",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0177.1",
    "00000000177.0.0.1",
    "0x7f000001",
    "0x7f.1",
    "0x7F.0x0.0x0.0x1",
    "0X7f.0.0.01",
    "0",
    "0.0.0.0",
    "0x0",
    "127.0.0.1.",
    "127%2e0%2e0%2e1",
    "%31%32%37.0.0.1",
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",
    "127。0。0。1",
    "127．0｡0．1",
    "127.0.0.1\u00ad",
    "127.0.0\u200b.1",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "127.0.0.1\t",
    "12\r\n7.0.0.1",
  ],
  "names of this machine": [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "lo\u00adcalhost",
    "ｌｏｃａｌｈｏｓｔ",
    "loc\nalhost",
  ],
  "IPv6 that is, or leads to, this machine": [
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001::7f00:1]",
    "[::1%25lo]",
    "[::1%lo]",
    "[v1.127.0.0.1]",
  ],
  "addresses of others who are not on the public internet": [
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "[::ffff:a9fe:a9fe]",
    "[fd00:ec2::254]",
    "168.63.129.16",
    "100.100.100.200",
    "10.0.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.0.0.170",
    "192.0.0.192",
    "100.64.0.1",
    "172.16.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fec0::1]",
    "[fc00::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[100::1]",
    "[::1:0:0]",
    "[4000::1]",
  ],
} as const;

describe.each(Object.entries(ADDRESSES))("%s", (_kind, hosts) => {
  test.each(hosts)("%j", async (host) => {
    for (const scheme of ["http", "https"]) {
      expect(await attemptTo(trap.url(`${scheme}://${host}:PORT/`))).toMatch(/^\[egress-refused\]|has no address$/);
    }
    expect([trap.arrived, trap.tried]).toEqual([0, []]);
  });
});

test.each([
  // Whose host is it?
  "http://user:secret@127.0.0.1:PORT/",
  "http://example.com@127.0.0.1:PORT/",
  "http://example.com:80@127.0.0.1:PORT/",
  "http://example.com%40127.0.0.1:PORT/",
  "http://127.0.0.1:PORT#@example.com/",
  "http://127.0.0.1:PORT\\@example.com/",
  "http://127.0.0.1:PORT?@example.com/",
  "http:\\\\127.0.0.1:PORT\\",
  "http:///127.0.0.1:PORT/",
  "http:////127.0.0.1:PORT/",
  "http:127.0.0.1:PORT/",
  "http:/127.0.0.1:PORT/",
  "//127.0.0.1:PORT/",
  "127.0.0.1:PORT",
  "HtTp://127.0.0.1:PORT/",
  " http://127.0.0.1:PORT/",
  "\thttp://127.0.0.1:PORT/",
  "ht\ntp://127.0.0.1:PORT/",
  "http://127.0.0.1:PORT/\r\nhost: example.com\r\n\r\n",
  "http://127.0.0.1%0d%0a:PORT/",
  "http://127.0.0.1%00.example.com:PORT/",
  "http://127.0.0.1 .example.com:PORT/",
  // No host at all
  "http://",
  "http:///",
  "http://:PORT/",
  "http://?127.0.0.1:PORT",
  "http://#127.0.0.1:PORT",
  "http://@:PORT/",
  "http://%:PORT/",
  // Ports that are none
  "http://127.0.0.1:/",
  "http://127.0.0.1:0/",
  "http://127.0.0.1:99999/",
  "http://127.0.0.1:PORT:PORT/",
  "http://127.0.0.1:+PORT/",
  // Other protocols
  "ftp://127.0.0.1:PORT/",
  "ws://127.0.0.1:PORT/",
  "gopher://127.0.0.1:PORT/_x",
  "file:///etc/passwd",
  "file://127.0.0.1:PORT/etc/passwd",
  "unix:/var/run/docker.sock",
  "data:text/plain,x",
  "javascript:0",
  "blob:http://127.0.0.1:PORT/",
  "view-source:http://127.0.0.1:PORT/",
  "",
])("the text %j is not called", async (url) => {
  expect(await attemptTo(trap.url(url))).toMatch(/^\[egress-refused\]/);
  expect([trap.arrived, trap.tried]).toEqual([0, []]);
});

describe("a name whose name server", () => {
  test.each([
    ["points at this machine", answering("127.0.0.1")],
    ["points at it by IPv6", answering("::1")],
    ["points at it by a mapped address", answering("::ffff:127.0.0.1")],
    ["points at it by NAT64", answering("64:ff9b::7f00:1")],
    ["points at the metadata of the cloud", answering("169.254.169.254")],
    ["has a private address behind a public one", answering(PUBLIC_ADDRESS, "127.0.0.1")],
    ["has a public address behind a private one", answering("127.0.0.1", PUBLIC_ADDRESS)],
    ["has one private address among many", answering(...Array.from({ length: 50 }, () => PUBLIC_ADDRESS), "10.0.0.1")],
    ["answers an address with a zone", answering("fe80::1%lo")],
    ["answers a name", answering("localhost")],
    ["answers an empty text", answering("")],
    ["answers a short address", answering("127.1")],
    ["answers an octal address", answering("0177.0.0.1")],
    ["answers nothing", answering()],
    ["fails", () => Promise.reject(new Error("SERVFAIL"))],
    ["is silent", () => new Promise<never>(() => undefined)],
  ])("%s", async (_what, resolve) => {
    expect(await attemptTo(trap.url("http://hooks.example.com:PORT/"), { resolve })).toMatch(
      /refused|no address|no name server/,
    );
    expect([trap.arrived, trap.tried]).toEqual([0, []]);
  });

  test("answers otherwise the second time is asked once, and the first answer is called", async () => {
    let asked = 0;
    const resolve: Resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? PUBLIC_ADDRESS : "127.0.0.1" }];
    };
    for (const scheme of ["http", "https"]) {
      asked = 0;
      await attemptTo(trap.url(`${scheme}://rebinding.example.com:PORT/`), { resolve });
      expect(asked).toBe(1);
    }
    expect([trap.arrived, trap.tried]).toEqual([0, [PUBLIC_ADDRESS, PUBLIC_ADDRESS]]);
  });
});

test.each([`http://${"a".repeat(64)}.example/`, `http://${"a.".repeat(200)}example/`, `http://${"a".repeat(70_000)}/`])(
  "a name that is too long for a name server is unknown (%#)",
  async (url) => {
    expect(await attemptTo(url)).toMatch(/refused|no address/);
    expect(trap.tried).toEqual([]);
  },
);

test.each([
  1, 7, 21, 22, 23, 25, 53, 81, 110, 143, 389, 445, 587, 993, 1_023, 2_049, 5_060, 6_000, 6_379, 6_667, 9_100, 10_080,
  11_211,
])("port %d of a public address is not called", async (forbidden) => {
  expect(await attemptTo(`http://hooks.example.com:${forbidden}/`, { resolve: answering(PUBLIC_ADDRESS) })).toContain(
    "port",
  );
  expect(trap.tried).toEqual([]);
});

test("the ports of the web, and those above that no other protocol has, are called", async () => {
  for (const allowed of ["", ":80", ":443", ":8080", ":8443"]) {
    await attemptTo(`https://hooks.example.com${allowed}/`, { resolve: answering(PUBLIC_ADDRESS) });
  }
  expect(trap.tried).toEqual(Array.from({ length: 5 }, () => PUBLIC_ADDRESS));
});

test.each([
  "http://hooks.slack.com/actions/1",
  "https://hooks.slack.com:8443/actions/1",
  "https://hooks.slack.com.evil.example/actions/1",
  "https://evil.example/hooks.slack.com",
  "https://hooks.slack.com@evil.example/",
  "https://evil.example#hooks.slack.com",
  "https://evil.example\\@hooks.slack.com/",
  "https://xhooks.slack.com/",
  "https://hooks.slack.com./",
  "https://slack.com/",
  "https://127.0.0.1:PORT/",
  "https://localhost.evil.example/",
])("a request that belongs to a service goes to no other host: %s", async (url) => {
  const resolve = answering(PUBLIC_ADDRESS);
  expect(await attemptTo(trap.url(url), { resolve, onlyTo: ["hooks.slack.com"] })).toMatch(/^\[egress-refused\]/);
  expect([trap.arrived, trap.tried]).toEqual([0, []]);
});
