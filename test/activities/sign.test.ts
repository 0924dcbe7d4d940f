import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { secretValue, signaturesOf } from "../../src/delivery/sign.js";

const secretsOf = (values: Record<string, string>) => ({ get: (name: string) => values[name] });
const newKey = (bytes = 32) => `whsec_${randomBytes(bytes).toString("base64")}`;

test("a signature is that of the vector of Standard Webhooks", () => {
  const secrets = secretsOf({ HOOK: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" });
  const signed = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: '{"test": 2432232314}' };
  expect(signaturesOf(secrets, "HOOK", signed)).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

test("the library of Standard Webhooks accepts every request, by each of the keys that are active", () => {
  const timestamp = Math.floor(Date.now() / 1_000);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 3 }), (text, count) => {
      const keys = Array.from({ length: count }, () => newKey());
      const body = JSON.stringify({ text });
      const header = signaturesOf(secretsOf({ HOOK: keys.join(" ") }), "HOOK", { id: "msg_1", timestamp, body });
      const headers = { "webhook-id": "msg_1", "webhook-timestamp": String(timestamp), "webhook-signature": header };
      expect(header.split(" ")).toHaveLength(count);
      for (const key of keys) new Webhook(key).verify(Buffer.from(body), headers);
      expect(() => new Webhook(newKey()).verify(Buffer.from(body), headers)).toThrow();
      expect(() => new Webhook(keys[0] ?? "").verify(Buffer.from(`${body} `), headers)).toThrow();
    }),
    { numRuns: 50 },
  );
});

test.each([
  ["is missing", undefined],
  ["has no prefix", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
  ["is the secret of another scheme", "8f742231b10e8888abcd99yyyzzz85a5"],
  ["is a private key", "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
  ["is too short", newKey(23)],
  ["is too long", newKey(65)],
  ["is not base64", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS*"],
  ["has one bad key among good ones", `${newKey()} canary-canary`],
  ["has more keys than may be active", Array.from({ length: 4 }, () => newKey()).join(" ")],
])("nothing is signed by a secret that %s, and the error does not show it", (_what, value) => {
  const secrets = secretsOf(value === undefined ? {} : { HOOK: value });
  const sign = () => signaturesOf(secrets, "HOOK", { id: "msg_1", timestamp: 1, body: "{}" });
  expect(sign).toThrow(/^\[secret-missing\] the secret HOOK /);
  for (const part of value?.split(" ") ?? []) expect(sign).not.toThrow(part.replace("whsec_", "").slice(0, 8));
});

test("a secret has a value or is refused by its name", () => {
  expect(secretValue(secretsOf({ HOOK: "x" }), "HOOK")).toBe("x");
  expect(() => secretValue(secretsOf({}), "HOOK")).toThrow("HOOK");
});
