import { expect, test } from "vitest";
import { readConfig } from "../../src/config.js";

const baseUrl = (environment: Record<string, string>) =>
  readConfig({ AzureWebJobsStorage: "UseDevelopmentStorage=true", ...environment }).publicBaseUrl;

test("a secret is a setting by its name, and one that Key Vault did not resolve is missing", () => {
  const { secrets } = readConfig({
    AzureWebJobsStorage: "UseDevelopmentStorage=true",
    SECRET_HOOK_1: " whsec_abc ",
    SECRET_EMPTY: " ",
    SECRET_VAULT: "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/hook)",
    SECRET_lower: "x",
    HOOK_2: "x",
  });
  expect(["HOOK_1", "EMPTY", "VAULT", "lower", "HOOK_2"].map((name) => secrets.get(name))).toEqual([
    "whsec_abc",
    ...[undefined, undefined, undefined, undefined],
  ]);
  expect(JSON.stringify(secrets)).not.toContain("whsec_abc");
});

test("links begin with the public address, or else with the name that the host gives itself", () => {
  expect(baseUrl({})).toBeNull();
  expect(baseUrl({ WEBSITE_HOSTNAME: "localhost:7071" })).toBe("http://localhost:7071");
  expect(baseUrl({ WEBSITE_HOSTNAME: "127.0.0.1:7071" })).toBe("http://127.0.0.1:7071");
  expect(baseUrl({ WEBSITE_HOSTNAME: "dr.azurewebsites.net" })).toBe("https://dr.azurewebsites.net");
  const PUBLIC_BASE_URL = "https://dr.example.com";
  expect(baseUrl({ PUBLIC_BASE_URL, WEBSITE_HOSTNAME: "localhost:7071" })).toBe(PUBLIC_BASE_URL);
  expect(() => baseUrl({ PUBLIC_BASE_URL: "dr.example.com" })).toThrow("PUBLIC_BASE_URL");
});
