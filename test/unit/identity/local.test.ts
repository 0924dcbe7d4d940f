import { expect, test } from "vitest";
import { LOCAL_ADMINISTRATOR } from "../../../src/domain/access/caller.js";
import { createLocalIdentity } from "../../../src/identity/local.js";

const here = createLocalIdentity({ hostname: "127.0.0.1:7071", isOnAzure: false });
const identify = (headers: Record<string, string>) =>
  here.identify(new Headers({ host: "localhost:7071", ...headers }));
const code = (name: string) => expect.objectContaining({ code: name });

test.each(["localhost", "localhost:7071", "127.0.0.1:7071", "127.8.9.10:1", "[::1]:7071"])(
  "at %s every caller is the local administrator",
  async (hostname) => {
    const identity = createLocalIdentity({ hostname, isOnAzure: false });
    identity.requireConfigured();
    expect(await identity.identify(new Headers({ host: hostname }))).toBe(LOCAL_ADMINISTRATOR);
  },
);

test.each([
  null,
  "",
  "0.0.0.0:7071",
  "[::]:7071",
  "192.168.0.4:7071",
  "127.0.0.1.example.com:7071",
  "localhost.example.com",
  "127.1:7071",
  "dr.azurewebsites.net",
])("at %s nobody is answered, whatever name the request uses", async (hostname) => {
  const identity = createLocalIdentity({ hostname, isOnAzure: false });
  expect(() => identity.requireConfigured()).toThrow(code("identity-not-configured"));
  await expect(identity.identify(new Headers({ host: "localhost" }))).rejects.toThrow(code("identity-not-configured"));
});

test("on Azure nobody is answered, even if the host calls itself localhost", async () => {
  const identity = createLocalIdentity({ hostname: "localhost:80", isOnAzure: true });
  expect(() => identity.requireConfigured()).toThrow(code("identity-not-configured"));
  await expect(identity.identify(new Headers({ host: "localhost" }))).rejects.toThrow(code("identity-not-configured"));
});

test.each([
  "evil.example",
  "evil.example:7071",
  "localhost.evil.example",
  "192.168.0.4:7071",
  "",
  "localhost:7071@evil",
])("a request to the name %s, which leads here by a changed DNS answer, is refused", async (host) => {
  await expect(identify({ host })).rejects.toThrow(code("cross-site-request"));
});

test.each([
  [{ origin: "https://evil.example" }],
  [{ origin: "null" }],
  [{ origin: "http://localhost:3000" }],
  [{ origin: "http://127.0.0.1:7071" }],
  [{ origin: "https://localhost:7071" }],
  [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }],
  [{ "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" }],
  [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", origin: "https://evil.example" }],
])("a page of another site gets nothing with %j", async (headers) => {
  await expect(identify(headers)).rejects.toThrow(code("cross-site-request"));
});

test.each([
  [{}],
  [{ origin: "http://localhost:7071" }],
  [{ origin: "http://localhost:7071", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" }],
  [{ "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }],
  [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }],
  [{ "sec-fetch-mode": "cors" }],
])("a command line, the pages of the app itself and a link are answered: %j", async (headers) => {
  expect(await identify(headers)).toBe(LOCAL_ADMINISTRATOR);
});
