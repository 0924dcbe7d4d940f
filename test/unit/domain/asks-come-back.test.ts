import { expect, test } from "vitest";
import type { AskMessage } from "../../../src/domain/approvals/ask-message.js";
import { AskTarget } from "../../../src/domain/approvals/ask-target.js";
import { renderAsk } from "../../../src/domain/approvals/render-ask.js";
import { readMessage } from "../../../src/domain/webhooks/read-message.js";
import { type SchemeName, schemeOf } from "../../../src/domain/webhooks/schemes.js";
import { APPROVAL_ID, approvalAsk } from "../../support/approval-ask.js";

const message: AskMessage = {
  kind: "requested",
  ask: approvalAsk({ name: `Owner ${"of all shops ".repeat(5)}`.trim() }),
};
const envelope = { messageId: "msg_1", at: "2026-01-01T00:00:00.000Z", secretOf: () => "https://hooks.slack.com/x" };

function asked(target: AskTarget) {
  return JSON.parse(renderAsk(target, message, envelope)?.body ?? "null");
}

function read(scheme: SchemeName, body: string) {
  return readMessage(schemeOf(scheme), Buffer.from(body), "msg_2", []);
}

/** The hash of the ask, whole or as its first digits. */
const { hash } = approvalAsk();
const decision = (seenHash: string) => ({
  kind: "decision",
  content: { decision: "approve", approvalId: APPROVAL_ID, seenHash },
});

test("a click on a button of the Slack message decides on what it shows", () => {
  const { blocks } = asked(AskTarget.parse({ format: "slack", urlSecret: "SLACK" }));
  const [approve] = blocks.find(({ type }: { type: string }) => type === "actions").elements;
  const { block_id, element } = blocks.find(({ type }: { type: string }) => type === "input");
  const payload = {
    type: "block_actions",
    trigger_id: "1.2.a",
    user: { id: "U1" },
    actions: [{ type: "button", action_id: approve.action_id, value: approve.value }],
    state: { values: { [block_id]: { [element.action_id]: { type: "plain_text_input", value: "looks right" } } } },
  };
  const form = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const wanted = decision(hash);
  expect(read("slack", form)).toMatchObject({ ...wanted, content: { ...wanted.content, reason: "looks right" } });
});

test("the line of the Teams card decides on what the card shows", () => {
  const card = asked(AskTarget.parse({ format: "teams", urlSecret: "TEAMS" })).attachments[0].content;
  const line = card.body.at(-1).inlines[0].text;
  const text = `<at>Secondsite</at> ${line} looks right`;
  const activity = { type: "message", id: "1", text, from: { aadObjectId: "a-b" } };
  expect(read("teams", JSON.stringify(activity))).toMatchObject(decision(hash.slice(0, 16)));
});

test("a custom field of the PagerDuty incident decides on what its title names", () => {
  const { summary } = asked(AskTarget.parse({ format: "pagerduty", routingKey: "KEY" })).payload;
  const data = {
    incident: { id: "Q1", summary },
    changed_custom_fields: [{ name: "secondsite_decision", value: "approve" }],
    custom_fields: [],
  };
  const agent = { id: "P1", type: "user_reference" };
  const event = { id: "01A", event_type: "incident.custom_field_values.updated", agent, data };
  expect(read("pagerduty", JSON.stringify({ event }))).toMatchObject(decision(hash.slice(0, 16)));
});

test("a review of the GitHub run decides on what the run is named after", () => {
  const target = { format: "github", repository: "acme/dr", environment: "dr", token: "TOKEN" };
  const { runName } = asked(AskTarget.parse(target)).client_payload;
  const review = { action: "approved", approver: { id: 7 }, workflow_run: { id: 1, display_title: runName } };
  expect(read("github", JSON.stringify(review))).toMatchObject(decision(hash.slice(0, 16)));
});

test("the names of the CloudEvent, and those of the record in ServiceNow, are what a signed decision gives back", () => {
  const { data } = asked(AskTarget.parse({ format: "standard", url: "https://hooks.example.com/" }));
  const servicenow = { format: "servicenow", url: "https://acme.example.com/", secret: "KEY" };
  const record = asked(AskTarget.parse(servicenow));
  for (const { approvalId, hash: seen } of [data, { approvalId: record.correlation_id, hash: record.hash }]) {
    const body = { approvalId, hash: seen, decision: "approved", person: "ann" };
    expect(read("standard", JSON.stringify(body))).toMatchObject(decision(hash));
  }
});
