import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { OpenIdConnectCallers, type OpenIdConnectConfig } from "../../../src/identity/open-id-connect.js";
import { Issuer } from "../../support/issuer.js";
import { ManualClock } from "../../support/worlds.js";

const AUDIENCE = "api://secondsite";
const LIMITS = { timeoutMs: 300, cooldownMs: 0, maxAgeMs: 600_000, pauseMs: 2_000 };
const code = (name: string) => expect.objectContaining({ code: name });
const refused = code("unauthenticated");
const unavailable = code("identity-unavailable");

let issuer: Issuer;
let clock: ManualClock;

beforeAll(async () => {
  issuer = await Issuer.start();
});
afterAll(() => issuer.stop());
beforeEach(async () => {
  clock = new ManualClock();
  await issuer.serve("good");
  await issuer.publish("k1");
});

const callers = (changes: Partial<OpenIdConnectConfig> = {}, limits = {}) =>
  new OpenIdConnectCallers(
    {
      ...{ issuer: issuer.url, audience: AUDIENCE, jwksUri: null, algorithms: ["RS256", "ES256"] },
      ...{ clockToleranceSeconds: 60, personClaim: "sub", rolesClaim: "roles" },
      ...changes,
    },
    clock,
    { ...LIMITS, ...limits },
  );

const seconds = (): number => clock.now() / 1_000;
const claims = (changes: Record<string, unknown> = {}) => ({
  ...{ iss: issuer.url, aud: AUDIENCE, sub: "ann", iat: seconds(), exp: seconds() + 600 },
  ...changes,
});
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

test("a token of the issuer names the person, and its roles become grants", async () => {
  const roles = ["secondsite.viewer", "secondsite.executor:shop", "secondsite.executor:till", "administrator", 7];
  expect(await callers().callerOf(await issuer.sign(claims({ roles })))).toEqual({
    person: "ann",
    credential: "open-id-connect",
    grants: [{ role: "viewer" }, { role: "executor", planIds: ["shop", "till"] }],
  });
});

test("the claims of the person and of the roles, the address of the keys and the kind of the key are settings", async () => {
  await issuer.publish("ec1");
  const token = await issuer.sign(claims({ email: "ann@example.com", groups: "secondsite.viewer other" }), "ec1");
  const own = callers({ jwksUri: `${issuer.url}/keys`, personClaim: "email", rolesClaim: "groups" });
  expect(await own.callerOf(token)).toMatchObject({ person: "ann@example.com", grants: [{ role: "viewer" }] });
});

const BAD_CLAIMS: [string, () => Record<string, unknown>][] = [
  ["another issuer", () => ({ iss: "https://other.example" })],
  ["another audience", () => ({ aud: "api://other" })],
  ["no audience", () => ({ aud: undefined })],
  ["an expiry that passed", () => ({ exp: seconds() - 61 })],
  ["no expiry", () => ({ exp: undefined })],
  ["a beginning that is ahead", () => ({ nbf: seconds() + 61 })],
  ["no person", () => ({ sub: undefined })],
  ["a person of control characters", () => ({ sub: "ann\nroot" })],
  ["a person that is no text", () => ({ sub: { name: "ann" } })],
  ["a person of 81 characters", () => ({ sub: "a".repeat(81) })],
];
test.each(BAD_CLAIMS)("a token with %s is refused", async (_what, changes) => {
  await expect(callers().callerOf(await issuer.sign(claims(changes())))).rejects.toThrow(refused);
});

test("the clock of the issuer may differ by the tolerance", async () => {
  const late = await issuer.sign(claims({ exp: seconds() - 59, nbf: seconds() + 59 }));
  expect(await callers().callerOf(late)).toMatchObject({ person: "ann" });
});

test("a token without a signature, or with an HMAC made with the public key, is refused", async () => {
  const unsigned = `${encoded({ alg: "none" })}.${encoded(claims())}.`;
  await expect(callers().callerOf(unsigned)).rejects.toThrow(refused);
  const jwk = await issuer.publicKey("k1");
  for (const secret of [jwk.n ?? "", JSON.stringify(jwk)]) {
    const signed = `${encoded({ alg: "HS256", kid: "k1" })}.${encoded(claims())}`;
    const forged = `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
    await expect(callers().callerOf(forged)).rejects.toThrow(refused);
  }
});

test("a token with an algorithm that is not in the list is refused before any key is fetched", async () => {
  const before = await issuer.fetches();
  await expect(callers({ algorithms: ["ES256"] }).callerOf(await issuer.sign(claims()))).rejects.toThrow(refused);
  expect(await issuer.fetches()).toBe(before);
});

test("a token that carries or names its own key is checked by the keys of the issuer only", async () => {
  const jwk = await issuer.publicKey("foreign");
  const header = { kid: "k1", jwk, jku: "https://evil.example/keys" };
  await expect(callers().callerOf(await issuer.sign(claims(), "foreign", header))).rejects.toThrow(refused);
});

test.each([
  ["nothing", ""],
  ["no token", "abc"],
  ["five parts", "a.b.c.d.e"],
  ["broken parts", "e30.e30.e30"],
  ["two kilobytes of dots", ".".repeat(2_000)],
])("%s is refused", async (_what, text) => {
  await expect(callers().callerOf(text)).rejects.toThrow(refused);
});

test("a changed token, and one of more than 8 KiB, are refused", async () => {
  const [header, body, signature] = (await issuer.sign(claims())).split(".");
  await expect(callers().callerOf(`${header}.${encoded(claims({ sub: "eve" }))}.${signature}`)).rejects.toThrow(
    refused,
  );
  await expect(callers().callerOf(`${header}.${body}.${"A".repeat(342)}`)).rejects.toThrow(refused);
  const large = await issuer.sign(claims({ more: "x".repeat(8_192) }));
  await expect(callers().callerOf(large)).rejects.toThrow(refused);
});

test("a new key of the issuer is accepted without a restart, and a withdrawn one is not", async () => {
  const known = callers({}, { maxAgeMs: 0 });
  await known.callerOf(await issuer.sign(claims()));
  await issuer.publish("k2");
  await known.callerOf(await issuer.sign(claims(), "k2"));
  await expect(known.callerOf(await issuer.sign(claims(), "k1"))).rejects.toThrow(refused);
});

test("a flood of unknown keys makes no flood of fetches", async () => {
  const known = callers({}, { cooldownMs: 600_000 });
  await known.callerOf(await issuer.sign(claims()));
  const before = await issuer.fetches();
  const token = await issuer.sign(claims(), "k1", { kid: "unknown" });
  const flood = Array.from({ length: 100 }, () => expect(known.callerOf(token)).rejects.toThrow(refused));
  await Promise.all(flood);
  expect(await issuer.fetches()).toBe(before);
  expect(await known.callerOf(await issuer.sign(claims()))).toMatchObject({ person: "ann" });
});

test.each(["bad", "weak"] as const)("a key set with %s keys lets nobody in", async (as) => {
  const token = await issuer.sign(claims());
  await issuer.serve(as);
  await expect(callers().callerOf(token)).rejects.toThrow(refused);
  const [header, body] = token.split(".");
  const forged = createHmac("sha256", "secret").update(`${header}.${body}`).digest("base64url");
  await expect(callers().callerOf(`${header}.${body}.${forged}`)).rejects.toThrow(refused);
});

test.each(["garbage", "error", "hang", "foreign"] as const)(
  "while the issuer is %s nobody gets in, it is asked rarely, and it is asked again later",
  async (as) => {
    const token = await issuer.sign(claims());
    const known = callers();
    await issuer.serve(as);
    const before = await issuer.fetches();
    await expect(known.callerOf(token)).rejects.toThrow(unavailable);
    for (let call = 0; call < 20; call += 1) await expect(known.callerOf(token)).rejects.toThrow(unavailable);
    expect((await issuer.fetches()) - before).toBeLessThanOrEqual(2);
    await issuer.serve("good");
    clock.pass(LIMITS.pauseMs / 1_000);
    expect(await known.callerOf(token)).toMatchObject({ person: "ann" });
  },
);

test("an issuer that fails later does not lock out those whose key is known", async () => {
  const known = callers();
  const token = await issuer.sign(claims());
  await known.callerOf(token);
  await issuer.serve("error");
  const unknown = await issuer.sign(claims(), "k1", { kid: "unknown" });
  await expect(known.callerOf(unknown)).rejects.toThrow(unavailable);
  expect(await known.callerOf(token)).toMatchObject({ person: "ann" });
});
