import { createHmac } from "node:crypto";
import { sign as signGithub } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { schemeOf } from "../../../src/domain/webhooks/schemes.js";
import { keysOf } from "../../../src/webhooks/keys.js";
import { type Verification, verify } from "../../../src/webhooks/verify.js";
import {
  FAMILIES,
  type Family,
  SENDERS,
  type Sent,
  signStandard,
} from "../../../verification/support/webhook-senders.js";

const NOW = Date.UTC(2026, 0, 15, 12);
const SAID = {
  id: "msg_1",
  decision: "approve",
  approvalId: "0b6c7f1e-9a43-8d0c-b1f2-3a4b5c6d7e8f",
  hash: "0123456789abcdef",
  reason: "r",
} as const;

const keysFor = (scheme: Parameters<typeof schemeOf>[0], ...secrets: string[]) =>
  keysOf(
    schemeOf(scheme),
    secrets.map((_, index) => String(index)),
    { get: (name) => secrets[Number(name)] },
  );

const check = (
  scheme: Parameters<typeof schemeOf>[0],
  secrets: string | string[],
  { headers, body }: Sent,
  now = NOW,
): Verification =>
  verify(
    schemeOf(scheme),
    keysFor(scheme, ...[secrets].flat()),
    { headers: { get: (name) => headers[name] ?? null }, body },
    now,
  );

const sent = (family: Family): Sent => SENDERS[family].send({ ...SAID, external: SENDERS[family].external }, NOW);
const checkOf = (family: Family, request: Sent, now = NOW) =>
  check(SENDERS[family].scheme, SENDERS[family].secret, request, now);

describe("published vectors", () => {
  test("Standard Webhooks", () => {
    const headers = {
      "content-type": "application/json",
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    const request = { headers, body: Buffer.from('{"test": 2432232314}') };
    const found = check("standard", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", request, 1_614_265_330_000);
    expect(found).toEqual({ ok: true, id: "msg_p5jXN8AQM9LWM0D4loKWxJek" });
  });

  test("Slack", () => {
    const body = [
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V",
      "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=",
      "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN",
      "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
    ].join("");
    const headers = {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": "1531420618",
      "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    };
    const request = { headers, body: Buffer.from(body) };
    expect(check("slack", "8f742231b10e8888abcd99yyyzzz85a5", request, 1_531_420_618_000).ok).toBe(true);
  });

  test("GitHub", () => {
    const headers = {
      "content-type": "application/json",
      "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    };
    const request = { headers, body: Buffer.from("Hello, World!") };
    expect(check("github", "It's a Secret to Everybody", request).ok).toBe(true);
  });
});

describe("independent signers", () => {
  test("what the library of Standard Webhooks signs passes, and it verifies what our sender signs", () => {
    const { secret } = SENDERS.standard;
    const library = new Webhook(secret.replace("whsec_", ""));
    const body = Buffer.from('{"decision":"approve","é":"ü"}');
    const signature = library.sign("msg_2", new Date(NOW), body.toString());
    const { headers } = signStandard("msg_2", String(NOW / 1_000), body);
    expect(headers["webhook-signature"]).toBe(signature);
    expect(check("standard", secret, { headers: { ...headers, "webhook-signature": signature }, body }).ok).toBe(true);
  });

  test("what the library of GitHub signs passes", async () => {
    const { headers, body } = sent("github");
    const signature = await signGithub(SENDERS.github.secret, body.toString());
    expect(headers["x-hub-signature-256"]).toBe(signature);
    expect(checkOf("github", { headers: { ...headers, "x-hub-signature-256": signature }, body }).ok).toBe(true);
  });
});

describe.each(FAMILIES)("a request of %s", (family) => {
  const signed = sent(family);
  const signatureHeader = schemeOf(SENDERS[family].scheme).signature.header;
  const with_ = (headers: Record<string, string>, body = signed.body): Sent => ({
    headers: { ...signed.headers, ...headers },
    body,
  });

  test("passes as it was sent, and only with the secret", () => {
    expect(checkOf(family, signed)).toMatchObject({ ok: true });
    const { scheme } = SENDERS[family];
    const other = SENDERS[family === "teams" ? "github" : "teams"].secret;
    const wrong = scheme === "standard" ? `whsec_${Buffer.alloc(32, 7).toString("base64")}` : other;
    expect(check(scheme, scheme === "teams" ? Buffer.alloc(32, 7).toString("base64") : wrong, signed).ok).toBe(false);
    expect(check(scheme, [], signed)).toEqual({ ok: false, reason: "no-usable-secret" });
    expect(check(scheme, "", signed)).toEqual({ ok: false, reason: "no-usable-secret" });
  });

  test("does not pass with any bit of its body changed, nor with a byte more or less", () => {
    for (let at = 0; at < signed.body.length * 8; at += 1) {
      const body = Buffer.from(signed.body);
      body[at >> 3] = (body[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(checkOf(family, with_({}, body)).ok).toBe(false);
    }
    for (const body of [
      signed.body.subarray(1),
      signed.body.subarray(0, -1),
      Buffer.concat([signed.body, Buffer.from("\n")]),
      Buffer.concat([Buffer.from("\ufeff"), signed.body]),
    ]) {
      expect(checkOf(family, with_({}, body)).ok).toBe(false);
    }
  });

  test("does not pass with any bit of its signature, its id or its time changed", () => {
    const { id, time, signature } = schemeOf(SENDERS[family].scheme);
    for (const header of [signature.header, time?.header, id.kind === "header" ? id.header : undefined]) {
      const value = Buffer.from(header === undefined ? "" : (signed.headers[header] ?? ""));
      for (let at = 0; at < value.length * 8; at += 1) {
        const changed = Buffer.from(value);
        changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
        expect(checkOf(family, with_({ [header ?? ""]: changed.toString("latin1") })).ok).toBe(false);
      }
    }
  });

  test("does not pass without a header, with an empty one, or with one that was sent twice", () => {
    const { id, time, signature } = schemeOf(SENDERS[family].scheme);
    for (const header of [signature.header, time?.header, id.kind === "header" ? id.header : undefined]) {
      if (header === undefined) continue;
      const value = signed.headers[header] ?? "";
      const { [header]: _, ...others } = signed.headers;
      expect(checkOf(family, { headers: others, body: signed.body }).ok).toBe(false);
      for (const changed of ["", ` ${value}`, `${value} `, `${value}, ${value}`, `${value}\t`]) {
        expect(checkOf(family, with_({ [header]: changed })).ok, changed).toBe(false);
      }
    }
  });

  test("does not pass with more than five signatures", () => {
    const value = signed.headers[signatureHeader] ?? "";
    for (const separator of [",", " "]) {
      const many = Array.from({ length: 6 }, () => value).join(separator);
      expect(checkOf(family, with_({ [signatureHeader]: many })).ok).toBe(false);
    }
  });

  test("does not pass in another content type or encoding", () => {
    for (const type of [
      "",
      "text/plain",
      "application/jsonp",
      "multipart/form-data",
      `${signed.headers["content-type"]},a/b`,
    ]) {
      expect(checkOf(family, with_({ "content-type": type }))).toEqual({ ok: false, reason: "wrong-content-type" });
    }
    expect(checkOf(family, with_({ "content-encoding": "gzip" })).ok).toBe(false);
  });

  test("passes until the tolerance has passed, before and after now", () => {
    const { withTime } = SENDERS[family];
    const { time } = schemeOf(SENDERS[family].scheme);
    expect(withTime !== undefined).toBe(time !== undefined);
    if (withTime === undefined) return;
    const at = (seconds: number) => checkOf(family, withTime(signed, String(NOW / 1_000 + seconds)));
    expect([at(-300), at(300)]).toMatchObject([{ ok: true }, { ok: true }]);
    for (const seconds of [-301, 301, -86_400, 86_400])
      expect(at(seconds)).toEqual({ ok: false, reason: "wrong-time" });
    for (const spelling of ["", "1", `0${NOW / 1_000}`, "1e9", `${NOW / 1_000}.0`, `+${NOW / 1_000}`, String(NOW)]) {
      expect(checkOf(family, withTime(signed, spelling))).toEqual({ ok: false, reason: "malformed-time" });
    }
  });
});

test("no boundary between id, time and body can be moved", () => {
  const { secret } = SENDERS.standard;
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const moved = (id: string, time: string, body: string): Sent => {
    const signature = createHmac("sha256", key)
      .update(`msg.${NOW / 1_000}.5.{"a":1}`)
      .digest("base64");
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": time,
      "webhook-signature": `v1,${signature}`,
    };
    return { headers, body: Buffer.from(body) };
  };
  expect(check("standard", secret, moved("msg", String(NOW / 1_000), '5.{"a":1}')).ok).toBe(true);
  expect(check("standard", secret, moved("msg", `${NOW / 1_000}.5`, '{"a":1}')).ok).toBe(false);
  expect(check("standard", secret, moved(`msg.${NOW / 1_000}`, "5", '{"a":1}')).ok).toBe(false);
  expect(check("standard", secret, moved("", `msg.${NOW / 1_000}`, '5.{"a":1}')).ok).toBe(false);
});

test("while a secret is replaced, a request passes with any of three", () => {
  const secrets = [1, 2, 3, 4].map((byte) => `whsec_${Buffer.alloc(32, byte).toString("base64")}`);
  const under = (secret: string | undefined) => signStandard("msg_1", String(NOW / 1_000), Buffer.from("{}"), secret);
  const found = secrets.map((secret) => check("standard", secrets, under(secret)).ok);
  expect(found).toEqual([true, true, true, false]);
  const [old, fresh] = [under(secrets[0]), under(secrets[1])];
  const both = `${old.headers["webhook-signature"]} v2,AAAA ${fresh.headers["webhook-signature"]}`;
  const request = { headers: { ...old.headers, "webhook-signature": both }, body: old.body };
  expect(check("standard", secrets[1] ?? "", request).ok).toBe(true);
  expect(check("standard", `${secrets[2]} ${secrets[1]}`, request).ok).toBe(true);
});

test("PagerDuty signs with the old and the new secret while one is replaced", () => {
  const signed = sent("pagerduty");
  const other = SENDERS.pagerduty.send({ ...SAID, external: "P1" }, NOW, "another secret of the subscription");
  const header = "x-pagerduty-signature";
  const both = `${other.headers[header]},${signed.headers[header]}`;
  expect(checkOf("pagerduty", { headers: { ...signed.headers, [header]: both }, body: signed.body }).ok).toBe(true);
});

test("a secret that is too short, or is none of the scheme, is no key", () => {
  expect(keysFor("slack", "short", "")).toEqual([]);
  expect(keysFor("standard", `whsec_${Buffer.alloc(23).toString("base64")}`, "whsec_not base64!", "whpk_AAAA")).toEqual(
    [],
  );
  expect(keysFor("teams", "not canonical base64=")).toEqual([]);
  expect(keysFor("slack", "8f742231b10e8888abcd99yyyzzz85a5")).toHaveLength(1);
});

test("a delivery of GitHub is known by its body, because its id is not signed", () => {
  const signed = sent("github");
  const copy = { headers: { ...signed.headers, "x-github-delivery": "another" }, body: signed.body };
  expect(checkOf("github", copy)).toEqual(checkOf("github", signed));
  expect(checkOf("github", signed)).toMatchObject({ ok: true, id: expect.stringMatching(/^[0-9a-f]{64}$/) });
});
