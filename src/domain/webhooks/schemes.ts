import { z } from "zod";
import { Scheme } from "./scheme.js";

const WORDS = { approve: ["approve", "approved"], decline: ["decline", "declined", "reject", "rejected"] };

/** Standard Webhooks. ServiceNow, a relay or a script of one's own sends it with the message below. */
const STANDARD: z.input<typeof Scheme> = {
  contentType: "application/json",
  id: { kind: "header", header: "webhook-id" },
  time: { header: "webhook-timestamp", toleranceSeconds: 300 },
  signed: ["id", { text: "." }, "time", { text: "." }, "body"],
  signature: {
    header: "webhook-signature",
    prefix: "v1,",
    separator: "space",
    encoding: "base64",
    ed25519Prefix: "v1a,",
  },
  key: "prefixed",
  readings: [
    {
      person: ["data.person", "person"],
      decision: { at: ["data.decision", "decision"], ...WORDS },
      approval: ["data.approvalId", "approvalId"],
      hash: ["data.hash", "hash"],
      hashRequired: true,
      reason: ["data.reason", "reason"],
    },
  ],
  answer: "accepted",
};

/** A button of Slack. Its `action_id` is the decision, its value the approval with the hash. It needs 200 in 3 s. */
const SLACK: z.input<typeof Scheme> = {
  contentType: "application/x-www-form-urlencoded",
  payloadField: "payload",
  id: { kind: "body", at: ["trigger_id"] },
  time: { header: "x-slack-request-timestamp", toleranceSeconds: 300 },
  signed: [{ text: "v0:" }, "time", { text: ":" }, "body"],
  signature: { header: "x-slack-signature", prefix: "v0=", separator: "none", encoding: "hex" },
  key: "text",
  readings: [
    {
      when: [{ at: "type", equals: ["block_actions"] }],
      person: ["user.id"],
      decision: { at: ["actions[0].action_id"], ...WORDS },
      approval: ["actions[0].value"],
      hashRequired: true,
      reason: ["state.values.reason.reason.value"],
    },
  ],
  answer: "ok",
};

/**
 * A review of a deployment on GitHub. The run that was reviewed names the approval in its title
 * (`run-name: approval:…`), or the reviewer does in the comment. The headers of GitHub are not signed, so a delivery is
 * known by its body.
 */
const GITHUB: z.input<typeof Scheme> = {
  contentType: "application/json",
  id: { kind: "digest" },
  signed: ["body"],
  signature: { header: "x-hub-signature-256", prefix: "sha256=", separator: "none", encoding: "hex" },
  key: "text",
  readings: [
    {
      person: ["approver.id"],
      decision: { at: ["action"], approve: ["approved"], decline: ["rejected"] },
      approval: ["workflow_run.display_title", "workflow_run.name", "comment"],
      after: "approval:",
      reason: ["comment"],
    },
  ],
  answer: "accepted",
};

/**
 * PagerDuty, by a custom field of the incident or by the reply of a responder. An acknowledgement is no decision: people
 * acknowledge to silence an alarm. An automation has no agent, and so no person.
 */
const PAGERDUTY: z.input<typeof Scheme> = {
  contentType: "application/json",
  id: { kind: "body", at: ["event.id"] },
  signed: ["body"],
  signature: { header: "x-pagerduty-signature", prefix: "v1=", separator: "comma", encoding: "hex" },
  key: "text",
  readings: [
    {
      when: [
        { at: "event.event_type", equals: ["incident.custom_field_values.updated"] },
        { at: "event.agent.type", equals: ["user_reference"] },
      ],
      person: ["event.agent.id"],
      decision: { at: ["event.data.changed_custom_fields[name=secondsite_decision].value"], ...WORDS },
      approval: [
        "event.data.changed_custom_fields[name=secondsite_approval].value",
        "event.data.custom_fields[name=secondsite_approval].value",
        "event.data.incident.summary",
        "event.data.changed_custom_fields[name=secondsite_decision].value",
      ],
      reason: ["event.data.custom_fields[name=secondsite_reason].value"],
    },
    {
      when: [
        { at: "event.event_type", equals: ["incident.responder.replied"] },
        { at: "event.agent.type", equals: ["user_reference"] },
      ],
      person: ["event.agent.id"],
      decision: { at: ["event.data.state"], approve: ["accepted"], decline: ["declined"] },
      approval: ["event.data.message", "event.data.incident.summary"],
    },
  ],
  answer: "accepted",
};

/** An outgoing webhook of Teams: a person mentions it and writes `approve <approval> <hash> <reason>`. */
const TEAMS: z.input<typeof Scheme> = {
  contentType: "application/json",
  id: { kind: "body", at: ["id"] },
  signed: ["body"],
  signature: { header: "authorization", prefix: "HMAC ", separator: "none", encoding: "base64" },
  key: "base64",
  readings: [
    {
      when: [{ at: "type", equals: ["message"] }],
      person: ["from.aadObjectId"],
      decision: { at: ["text"], ...WORDS },
      approval: ["text"],
      hashRequired: true,
      reason: ["text"],
      reasonFollows: true,
      markup: true,
    },
  ],
  answer: "message",
};

export const SchemeName = z.enum(["standard", "slack", "github", "pagerduty", "teams"]);
export type SchemeName = z.infer<typeof SchemeName>;

/** The schemes that are known by name. Any other one is given with its source. */
export const SCHEMES: Readonly<Record<SchemeName, Scheme>> = {
  standard: Scheme.parse(STANDARD),
  slack: Scheme.parse(SLACK),
  github: Scheme.parse(GITHUB),
  pagerduty: Scheme.parse(PAGERDUTY),
  teams: Scheme.parse(TEAMS),
};

/** The scheme of a source, which gives its name or the scheme itself. */
export const schemeOf = (scheme: SchemeName | Scheme): Scheme =>
  typeof scheme === "string" ? SCHEMES[scheme] : scheme;
