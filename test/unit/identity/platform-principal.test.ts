import { expect, test } from "vitest";
import { type PlatformConfig, platformCaller } from "../../../src/identity/platform-principal.js";

const OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const TRUSTED: PlatformConfig = { isAuthenticationOn: true, isOnAzure: true, isTrusted: true, personClaim: OBJECT_ID };
const refused = expect.objectContaining({ code: "unauthenticated" });

const PRINCIPAL = {
  auth_typ: "aad",
  claims: [
    { typ: OBJECT_ID, val: "ann-id" },
    { typ: "name", val: "secondsite.administrator" },
    { typ: "roles", val: "secondsite.viewer" },
    { typ: "groups", val: "secondsite.executor:shop" },
    { typ: "groups", val: "0e9b4c0e-0000-0000-0000-000000000000" },
  ],
  name_typ: "name",
  role_typ: "roles",
};

const headers = (principal: unknown) =>
  new Headers({ "x-ms-client-principal": Buffer.from(JSON.stringify(principal)).toString("base64") });

test("the platform names the person, and roles come from its roles and groups, never from the name", () => {
  expect(platformCaller(TRUSTED, headers(PRINCIPAL))).toEqual({
    person: "ann-id",
    credential: "platform",
    grants: [{ role: "viewer" }, { role: "executor", planIds: ["shop"] }],
  });
});

test.each(["isAuthenticationOn", "isOnAzure", "isTrusted"] as const)(
  "without %s the header counts for nothing",
  (name) => {
    expect(platformCaller({ ...TRUSTED, [name]: false }, headers(PRINCIPAL))).toBeNull();
  },
);

test("without the header nobody is named", () => {
  expect(platformCaller(TRUSTED, new Headers({ "x-ms-client-principal-name": "ann" }))).toBeNull();
});

test.each([
  ["the shape of Static Web Apps", { identityProvider: "aad", userId: "ann", userRoles: ["administrator"] }],
  ["no person", { ...PRINCIPAL, claims: [] }],
  ["two persons", { ...PRINCIPAL, claims: [...PRINCIPAL.claims, { typ: OBJECT_ID, val: "eve" }] }],
  ["claims that are no list", { ...PRINCIPAL, claims: {} }],
  ["a text", "ann"],
  ["too much", { ...PRINCIPAL, more: "x".repeat(20_000) }],
])("a principal with %s is refused", (_what, principal) => {
  expect(() => platformCaller(TRUSTED, headers(principal))).toThrow(refused);
});

test("a header that is no JSON is refused", () => {
  expect(() => platformCaller(TRUSTED, new Headers({ "x-ms-client-principal": "%%%" }))).toThrow(refused);
});
