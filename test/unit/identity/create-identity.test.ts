import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../../src/config.js";
import { createIdentity, describeIdentity } from "../../../src/identity/create-identity.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { servicesOver } from "../../support/small-services.js";
import { ManualClock } from "../../support/worlds.js";

const TOKEN = `sst_${"a".repeat(16)}_${"b".repeat(64)}`;
const FIRST_ADMINISTRATOR_TOKEN_HASH = createHash("sha256").update(TOKEN).digest("hex");
const PLATFORM = { WEBSITE_AUTH_ENABLED: "True", WEBSITE_INSTANCE_ID: "i", TRUST_PLATFORM_PRINCIPAL: "true" };
const ISSUER = { OPEN_ID_CONNECT_ISSUER: "https://login.example", OPEN_ID_CONNECT_AUDIENCE: "api" };
const code = (name: string) => expect.objectContaining({ code: name });

const configOf = (environment: Record<string, string>) =>
  readConfig({ AzureWebJobsStorage: "UseDevelopmentStorage=true", ...environment }).identity;
const identityOf = (environment: Record<string, string>) =>
  createIdentity(configOf(environment), servicesOver(createMemoryTables(), new ManualClock()));

const principal = Buffer.from(
  JSON.stringify({
    auth_typ: "aad",
    claims: [{ typ: "http://schemas.microsoft.com/identity/claims/objectidentifier", val: "ann" }],
    name_typ: "name",
    role_typ: "roles",
  }),
).toString("base64");

describe("the settings", () => {
  test("choose local by default, which says at the start who every caller is", () => {
    const config = configOf({ WEBSITE_HOSTNAME: "localhost:7071" });
    expect(config.mode).toBe("local");
    expect(describeIdentity(config)).toBe("Identity: local. Every caller on this machine is the local administrator.");
    expect(describeIdentity(configOf({ WEBSITE_HOSTNAME: "dr.example.com" }))).toContain("identity-not-configured");
    expect(describeIdentity(configOf({ WEBSITE_HOSTNAME: "localhost", WEBSITE_INSTANCE_ID: "i" }))).toContain(
      "on Azure",
    );
  });

  test("say which credentials count in the other modes", () => {
    expect(describeIdentity(configOf({ IDENTITY_MODE: "tokens" }))).toBe(
      "Identity: tokens. Callers need an access token.",
    );
    const both = { IDENTITY_MODE: "open-id-connect", ...ISSUER, FIRST_ADMINISTRATOR_TOKEN_HASH };
    expect(describeIdentity(configOf(both))).toContain("https://login.example");
  });

  test.each([
    [{ IDENTITY_MODE: "none" }, "IDENTITY_MODE"],
    [{ IDENTITY_MODE: "open-id-connect" }, "OPEN_ID_CONNECT_ISSUER"],
    [{ IDENTITY_MODE: "open-id-connect", OPEN_ID_CONNECT_ISSUER: "https://i" }, "OPEN_ID_CONNECT_AUDIENCE"],
    [{ OPEN_ID_CONNECT_ISSUER: "http://login.example" }, "OPEN_ID_CONNECT_ISSUER"],
    [{ OPEN_ID_CONNECT_JWKS_URI: "http://login.example/keys" }, "OPEN_ID_CONNECT_JWKS_URI"],
    [{ OPEN_ID_CONNECT_ALGORITHMS: "RS256,HS256" }, "OPEN_ID_CONNECT_ALGORITHMS"],
    [{ OPEN_ID_CONNECT_ALGORITHMS: "none" }, "OPEN_ID_CONNECT_ALGORITHMS"],
    [{ OPEN_ID_CONNECT_CLOCK_TOLERANCE_SECONDS: "3600" }, "OPEN_ID_CONNECT_CLOCK_TOLERANCE_SECONDS"],
    [{ FIRST_ADMINISTRATOR_TOKEN_HASH: TOKEN }, "FIRST_ADMINISTRATOR_TOKEN_HASH"],
  ])("%j is refused at the start by its name", (environment, name) => {
    expect(() => configOf(environment as Record<string, string>)).toThrow(name);
  });
});

describe("a request", () => {
  const tokens = identityOf({ IDENTITY_MODE: "tokens", FIRST_ADMINISTRATOR_TOKEN_HASH });

  test.each([
    [{}],
    [{ authorization: TOKEN }],
    [{ authorization: `Basic ${TOKEN}` }],
    [{ authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` }],
    [{ authorization: `Bearer ${TOKEN}\tx` }],
    [{ authorization: "Bearer abc" }],
    [{ cookie: `token=${TOKEN}` }],
    [{ "x-functions-key": TOKEN }],
    [{ "x-ms-client-principal": principal }],
  ])("is refused with the headers %j", async (headers) => {
    await expect(tokens.identify(new Headers(headers as Record<string, string>))).rejects.toThrow(
      code("unauthenticated"),
    );
  });

  test("is known by its bearer, whatever else it carries", async () => {
    const headers = new Headers({ authorization: `bearer  ${TOKEN}`, "x-ms-client-principal": principal });
    expect(await tokens.identify(headers)).toMatchObject({ person: "first administrator", credential: "token" });
    const both = identityOf({ IDENTITY_MODE: "tokens", FIRST_ADMINISTRATOR_TOKEN_HASH, ...PLATFORM });
    expect(await both.identify(headers)).toMatchObject({ person: "first administrator" });
  });

  test("is known by an access token also in the mode open-id-connect, where any other bearer goes to the issuer", async () => {
    const identity = identityOf({
      IDENTITY_MODE: "open-id-connect",
      FIRST_ADMINISTRATOR_TOKEN_HASH,
      ...ISSUER,
      ...PLATFORM,
    });
    const bearer = (text: string) =>
      new Headers({ authorization: `Bearer ${text}`, "x-ms-client-principal": principal });
    expect(await identity.identify(bearer(TOKEN))).toMatchObject({ credential: "token" });
    await expect(identity.identify(bearer("abc"))).rejects.toThrow(code("unauthenticated"));
    expect(await identity.identify(new Headers({ "x-ms-client-principal": principal }))).toMatchObject({
      ...{ person: "ann", credential: "platform", grants: [] },
    });
  });

  test.each(Object.keys(PLATFORM))("is not known by the platform without %s", async (name) => {
    const { [name]: _missing, ...rest } = PLATFORM as Record<string, string>;
    const identity = identityOf({ IDENTITY_MODE: "tokens", ...rest });
    const headers = new Headers({ "x-ms-client-principal": principal });
    await expect(identity.identify(headers)).rejects.toThrow(code("unauthenticated"));
  });
});
