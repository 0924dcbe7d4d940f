/** Senders of webhooks as they sign and write: what a Slack button or a review on GitHub sends. */
import { createHmac, createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { WebhookSourceInput } from "../../src/domain/webhooks/source.js";

/** A request as it leaves its sender. Names of headers are in lower case. */
export interface Sent {
  headers: Record<string, string>;
  body: Buffer;
}

/** What a person decides at a sender. */
export interface Said {
  /** Of the message, for a sender that gives it one. */
  id: string;
  external: string;
  decision: "approve" | "decline";
  approvalId: string;
  hash: string;
  reason: string;
}

export interface Sender {
  scheme: WebhookSourceInput["scheme"];
  /** The value of its secret. */
  secret: string;
  /** @param external in the form of the sender's ids of people */
  external: string;
  send(said: Said, nowMs: number, secret?: string): Sent;
  /** Another time or id, signed correctly with its secret; null where the sender has none in its headers. */
  withTime?: (sent: Sent, seconds: string) => Sent;
}

const KEY = Buffer.from("a key of thirty-two bytes, no less").subarray(0, 32);
export const STANDARD_SECRET = `whsec_${KEY.toString("base64")}`;
const TEAMS_SECRET = Buffer.from("another key of thirty-two bytes!").toString("base64");

const secondsOf = (ms: number): string => String(Math.floor(ms / 1_000));
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const mac = (key: string | Buffer, ...parts: (string | Buffer)[]): Buffer => {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
};

export function signStandard(id: string, time: string, body: Buffer, secret = STANDARD_SECRET): Sent {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  return {
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": time,
      "webhook-signature": `v1,${mac(key, `${id}.${time}.`, body).toString("base64")}`,
    },
    body,
  };
}

const standard: Sender = {
  scheme: "standard",
  secret: STANDARD_SECRET,
  external: "ann@example.com",
  send: ({ id, external, decision, approvalId, hash, reason }, nowMs, secret) =>
    signStandard(id, secondsOf(nowMs), json({ approvalId, decision, person: external, hash, reason }), secret),
  withTime: ({ headers, body }, seconds) => signStandard(headers["webhook-id"] ?? "", seconds, body),
};

function signSlack(time: string, body: Buffer, secret: string): Sent {
  return {
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": time,
      "x-slack-signature": `v0=${mac(secret, `v0:${time}:`, body).toString("hex")}`,
    },
    body,
  };
}

const slack: Sender = {
  scheme: "slack",
  secret: "8f742231b10e8888abcd99yyyzzz85a5",
  external: "U2CERLKJA",
  send: ({ id, external, decision, approvalId, hash, reason }, nowMs, secret = slack.secret) => {
    const payload = {
      type: "block_actions",
      user: { id: external, username: "ann", team_id: "T1DC2JH3J" },
      team: { id: "T1DC2JH3J", domain: "testteamnow" },
      api_app_id: "A0001",
      trigger_id: id,
      state: { values: { reason: { reason: { type: "plain_text_input", value: reason } } } },
      actions: [{ type: "button", action_id: decision, value: `${approvalId} ${hash}`, action_ts: "1" }],
    };
    const body = Buffer.from(new URLSearchParams({ payload: JSON.stringify(payload) }).toString());
    return signSlack(secondsOf(nowMs), body, secret);
  },
  withTime: ({ body }, seconds) => signSlack(seconds, body, slack.secret),
};

const github: Sender = {
  scheme: "github",
  secret: "It's a Secret to Everybody",
  external: "583231",
  send: ({ id, external, decision, approvalId, reason }, nowMs, secret = github.secret) => {
    const body = json({
      action: decision === "approve" ? "approved" : "rejected",
      approver: { id: Number(external), login: "ann", type: "User" },
      comment: reason,
      since: new Date(nowMs).toISOString(),
      workflow_run: { id: 42, name: "recovery", display_title: `approval:${approvalId}` },
      repository: { id: 7, full_name: "acme/recovery" },
      sender: { id: 1, login: "bot" },
    });
    const headers = {
      "content-type": "application/json",
      "x-github-event": "deployment_review",
      "x-github-delivery": id,
      "x-hub-signature-256": `sha256=${mac(secret, body).toString("hex")}`,
    };
    return { headers, body };
  },
};

const pagerduty: Sender = {
  scheme: "pagerduty",
  secret: "lDQHScfUeXUKaQRNF+8XIiDKZ7XX3itBAYzwU0TARw8lJqRnkKl2iB1anSb0Z+IK",
  external: "PLH1HKV",
  send: ({ id, external, decision, approvalId, hash, reason }, nowMs, secret = pagerduty.secret) => {
    const field = (name: string, value: string) => ({ id: "PICFVXX", name, type: "field_value", value });
    const body = json({
      event: {
        id,
        event_type: "incident.custom_field_values.updated",
        resource_type: "incident",
        occurred_at: new Date(nowMs).toISOString(),
        agent: { id: external, type: "user_reference" },
        client: null,
        data: {
          incident: { id: "PBAZLIU", summary: null, type: "incident_reference" },
          custom_fields: [
            field("secondsite_approval", `${approvalId} ${hash}`),
            field("secondsite_reason", reason),
            field("secondsite_decision", decision),
          ],
          changed_custom_fields: [field("secondsite_decision", decision)],
          type: "incident_field_values",
        },
      },
    });
    const signature = `v1=${mac(secret, body).toString("hex")}`;
    return { headers: { "content-type": "application/json", "x-pagerduty-signature": signature }, body };
  },
};

const teams: Sender = {
  scheme: "teams",
  secret: TEAMS_SECRET,
  external: "7faf8a41-34a7-4f10-b61f-9d5d5f3e0001",
  send: ({ id, external, decision, approvalId, hash, reason }, nowMs, secret = TEAMS_SECRET) => {
    const body = json({
      type: "message",
      id,
      timestamp: new Date(nowMs).toISOString(),
      from: { id: "29:1", name: "Ann", aadObjectId: external },
      text: `<at>Secondsite</at>&nbsp;${decision} ${approvalId} ${hash} ${reason}\n`,
    });
    const authorization = `HMAC ${mac(Buffer.from(secret, "base64"), body).toString("base64")}`;
    return { headers: { "content-type": "application/json; charset=utf-8", authorization }, body };
  },
};

/** The DER bytes that stand before an Ed25519 private key. */
const PRIVATE_KEY = Buffer.from("302e020100300506032b657004220420", "hex");

/** A sender with a key pair, which Standard Webhooks knows as `v1a`. */
function asymmetric(): Sender {
  const der = Buffer.concat([PRIVATE_KEY, Buffer.alloc(32, 9)]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const raw = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-32);
  const signed = (id: string, time: string, body: Buffer): Sent => {
    const { headers } = signStandard(id, time, body);
    const signature = sign(null, Buffer.concat([Buffer.from(`${id}.${time}.`), body]), privateKey);
    return { headers: { ...headers, "webhook-signature": `v1a,${signature.toString("base64")}` }, body };
  };
  return {
    scheme: "standard",
    secret: `whpk_${raw.toString("base64")}`,
    external: "ann@example.com",
    send: ({ id, external, decision, approvalId, hash, reason }, nowMs) =>
      signed(id, secondsOf(nowMs), json({ data: { approvalId, decision, person: external, hash, reason } })),
    withTime: ({ headers, body }, seconds) => signed(headers["webhook-id"] ?? "", seconds, body),
  };
}

/** One sender of each family. */
export const SENDERS = { standard, asymmetric: asymmetric(), slack, github, pagerduty, teams } as const;
export type Family = keyof typeof SENDERS;
export const FAMILIES = Object.keys(SENDERS) as Family[];
