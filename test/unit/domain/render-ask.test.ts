import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ApprovalAsk } from "../../../src/domain/approvals/ask.js";
import type {
  ApprovalClosing,
  AskMessage,
  ClosedMessage,
  ReplyAddress,
} from "../../../src/domain/approvals/ask-message.js";
import { AskTarget } from "../../../src/domain/approvals/ask-target.js";
import { renderAsk, renderReply } from "../../../src/domain/approvals/render-ask.js";
import { APPROVAL_ID, approvalAsk, askMessages } from "../../support/approval-ask.js";

const SECRETS: Record<string, string> = {
  SLACK: "https://hooks.slack.com/services/T0/B0/canary",
  TEAMS: "https://prod-1.westeurope.logic.azure.com/workflows/1?sig=canary",
  PAGERDUTY: "canary00000000000000000000000000",
  GITHUB: "ghp_canary",
};

const TARGETS = {
  standard: AskTarget.parse({ format: "standard", url: "https://hooks.example.com/ask", secret: "HOOK" }),
  slack: AskTarget.parse({ format: "slack", urlSecret: "SLACK" }),
  teams: AskTarget.parse({ format: "teams", urlSecret: "TEAMS" }),
  pagerduty: AskTarget.parse({ format: "pagerduty", routingKey: "PAGERDUTY" }),
  servicenow: AskTarget.parse({ format: "servicenow", url: "https://acme.service-now.com/api/x/ask", secret: "HOOK" }),
  github: AskTarget.parse({ format: "github", repository: "acme/dr", environment: "dr", token: "GITHUB" }),
};
type Format = keyof typeof TARGETS;
const FORMATS = Object.keys(TARGETS) as Format[];

const envelope = {
  messageId: "msg_1",
  at: "2026-01-01T00:00:01.000Z",
  secretOf: (name: string) => SECRETS[name] ?? "",
};
const requested = (change: Partial<ApprovalAsk> = {}): AskMessage => ({ kind: "requested", ask: approvalAsk(change) });
const closed = (closing: Partial<ApprovalClosing> = {}): ClosedMessage => ({
  kind: "closed",
  ask: approvalAsk(),
  closing: { end: "approved", people: ["bob", "carol"], reason: "", ...closing },
});

interface SlackText {
  text: string | { text: string };
  value?: string;
}
interface SlackBlock {
  type: string;
  text?: SlackText;
  fields?: SlackText[];
  elements?: SlackText[];
}

/** The longest text of a block, without its id, and how long it may be. */
function lengthsOf({ type, text, fields = [], elements = [] }: SlackBlock) {
  const max = type === "header" ? 150 : fields.length > 0 ? 2_000 : 3_000;
  const texts = [...(text === undefined ? [] : [text]), ...fields, ...elements];
  const lengths = texts.map(({ text: inner }) => (typeof inner === "string" ? inner : inner.text).length);
  const values = elements.map(({ value = "" }) => value.length);
  return { longest: Math.max(0, ...lengths), max, longestValue: Math.max(0, ...values), fields: fields.length };
}

function send(format: Format, message: AskMessage) {
  const request = renderAsk(TARGETS[format], message, envelope);
  if (request === null) throw new Error("nothing is sent");
  return { ...request, json: JSON.parse(request.body) };
}

const NASTY = "<!channel> <https://evil.example|click> [click](https://evil.example) & <@U1>";

test("a CloudEvent says what is asked, under the id of the message, and is signed", () => {
  const { json, headers, signWith, url } = send("standard", requested());
  expect(url).toBe("https://hooks.example.com/ask");
  expect(signWith).toBe("HOOK");
  expect(headers["content-type"]).toBe("application/cloudevents+json");
  const { itemIds, ...ask } = approvalAsk();
  expect(json).toEqual({
    specversion: "1.0",
    id: "msg_1",
    source: `/api/executions/${ask.executionId}`,
    type: "secondsite.approval.requested",
    subject: APPROVAL_ID,
    time: envelope.at,
    datacontenttype: "application/json",
    data: { ...ask, itemCount: 2, itemIds },
  });
  expect(send("standard", closed()).json).toMatchObject({
    type: "secondsite.approval.closed",
    data: { closing: { end: "approved", people: ["bob", "carol"] } },
  });
});

describe("Slack", () => {
  test("has two buttons whose action is the decision and whose value is the approval with its hash, and a reason", () => {
    const { json, url, onlyTo } = send("slack", requested());
    expect(url).toBe(SECRETS["SLACK"]);
    expect(onlyTo).toContain("hooks.slack.com");
    const { blocks } = json;
    const actions = blocks.find(({ type }: SlackBlock) => type === "actions");
    const value = `${APPROVAL_ID} ${"ab".repeat(32)}`;
    expect(actions.elements).toMatchObject([
      { type: "button", action_id: "approve", value },
      { type: "button", action_id: "decline", value },
    ]);
    const input = blocks.find(({ type }: SlackBlock) => type === "input");
    expect(input).toMatchObject({ block_id: "reason", element: { type: "plain_text_input", action_id: "reason" } });
  });

  test("mentions nobody and links nowhere whatever the names say", () => {
    const { body } = send("slack", requested({ name: NASTY, planName: NASTY }));
    const texts = JSON.stringify(JSON.parse(body).blocks.filter(({ type }: SlackBlock) => type === "section"));
    expect(texts).not.toMatch(/<[!@h]/);
    expect(JSON.parse(body).text).not.toMatch(/<[!@h]/);
    expect(send("slack", closed({ reason: NASTY })).json.blocks[1].text.text).not.toMatch(/<[!@h]/);
  });

  test("stays within the limits of Block Kit", () => {
    fc.assert(
      fc.property(askMessages, (message) => {
        const { json } = send("slack", message);
        expect(json.blocks.length).toBeLessThanOrEqual(50);
        for (const block of json.blocks as SlackBlock[]) {
          const { longest, max, longestValue, fields } = lengthsOf(block);
          expect(longest).toBeLessThanOrEqual(max);
          expect(longestValue).toBeLessThanOrEqual(2_000);
          expect(fields).toBeLessThanOrEqual(10);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("Teams", () => {
  test("gets an adaptive card that opens a link, and the words for its outgoing webhook", () => {
    const { content, contentType } = send("teams", requested()).json.attachments[0];
    expect(contentType).toBe("application/vnd.microsoft.card.adaptive");
    expect(content.actions).toEqual([{ type: "Action.OpenUrl", title: "Decide", url: approvalAsk().link }]);
    expect(JSON.stringify(content.body)).toContain(`approve ${APPROVAL_ID} ${"ab".repeat(8)}`);
    expect(send("teams", requested({ link: "/approvals/1" })).json.attachments[0].content.actions).toEqual([]);
  });

  test("makes no link of a name, and stays below 28 KB", () => {
    const { body } = send("teams", requested({ name: NASTY })).json.attachments[0].content;
    for (const { type } of body) expect(type).toBe("RichTextBlock");
    fc.assert(
      fc.property(askMessages, (message) => {
        expect(Buffer.byteLength(send("teams", message).body)).toBeLessThan(28_000);
      }),
      { numRuns: 100 },
    );
  });
});

describe("PagerDuty", () => {
  test("gets an incident under the id of the approval, which ends with it", () => {
    const { json, url, onlyTo } = send("pagerduty", requested());
    expect(url).toBe("https://events.pagerduty.com/v2/enqueue");
    expect(onlyTo).toEqual(["events.pagerduty.com"]);
    expect(json).toMatchObject({
      routing_key: SECRETS["PAGERDUTY"],
      dedup_key: APPROVAL_ID,
      event_action: "trigger",
      payload: { severity: "warning", summary: expect.stringContaining(`[${APPROVAL_ID} ${"ab".repeat(8)}]`) },
    });
    expect(send("pagerduty", closed()).json).toEqual({
      routing_key: SECRETS["PAGERDUTY"],
      dedup_key: APPROVAL_ID,
      event_action: "resolve",
    });
    const eu = renderAsk({ ...TARGETS.pagerduty, region: "eu" } as AskTarget, requested(), envelope);
    expect(eu?.onlyTo).toEqual(["events.eu.pagerduty.com"]);
  });

  test("stays within the limits of the Events API", () => {
    fc.assert(
      fc.property(askMessages, (message) => {
        const { json, body } = send("pagerduty", message);
        expect(json.payload?.summary.length ?? 0).toBeLessThanOrEqual(1_024);
        expect(json.dedup_key.length).toBeLessThanOrEqual(255);
        expect(Buffer.byteLength(body)).toBeLessThan(512_000);
      }),
      { numRuns: 100 },
    );
  });
});

test("ServiceNow gets signed ASCII that says the same, within the limits of its fields", () => {
  const { json, signWith } = send("servicenow", requested({ name: "Geschäftsführung 🛟" }));
  expect(signWith).toBe("HOOK");
  expect(json).toMatchObject({
    correlation_id: APPROVAL_ID,
    hash: "ab".repeat(32),
    approval: { name: "Geschäftsführung 🛟" },
  });
  expect(send("servicenow", closed({ end: "expired", people: [] })).json).toMatchObject({
    event: "closed",
    end: "expired",
  });
  fc.assert(
    fc.property(askMessages, (message) => {
      const { body, json: record } = send("servicenow", message);
      expect(body).toMatch(/^[\x20-\x7e]*$/);
      expect(record.short_description.length).toBeLessThanOrEqual(160);
      expect(record.description.length).toBeLessThanOrEqual(4_000);
    }),
    { numRuns: 100 },
  );
});

describe("GitHub", () => {
  test("starts a run whose name says what it is about, with ten properties at most", () => {
    const { json, url, onlyTo, headers } = send("github", requested());
    expect(url).toBe("https://api.github.com/repos/acme/dr/dispatches");
    expect(onlyTo).toEqual(["api.github.com"]);
    expect(headers["authorization"]).toBe("Bearer ghp_canary");
    expect(json.event_type.length).toBeLessThanOrEqual(100);
    expect(Object.keys(json.client_payload).length).toBeLessThanOrEqual(10);
    expect(json.client_payload.runName).toContain(`approval:${APPROVAL_ID} ${"ab".repeat(8)} `);
  });

  const callback = "https://api.github.com/repos/acme/dr/actions/runs/17/deployment_protection_rule";
  const answer = (url: string, message = closed(), targets: AskTarget[] = [TARGETS.github]) =>
    renderReply({ format: "github", url }, targets, message, envelope);

  test.each([
    ["approved", "approved"],
    ["broken-glass", "approved"],
    ["declined", "rejected"],
    ["expired", "rejected"],
    ["void", "rejected"],
  ] as const)("answers a protection rule when the approval is %s: %s", (end, state) => {
    const request = answer(callback, closed({ end }));
    expect(request).toMatchObject({ url: callback, onlyTo: ["api.github.com"] });
    expect(JSON.parse(request?.body ?? "")).toMatchObject({ environment_name: "dr", state });
  });

  test.each([
    "https://api.github.com.evil.example/repos/acme/dr/actions/runs/17/deployment_protection_rule",
    "https://evil.example/repos/acme/dr/actions/runs/17/deployment_protection_rule",
    "http://api.github.com/repos/acme/dr/actions/runs/17/deployment_protection_rule",
    "https://api.github.com:8443/repos/acme/dr/actions/runs/17/deployment_protection_rule",
    "https://x@evil.example/repos/acme/dr/actions/runs/17/deployment_protection_rule",
    "https://api.github.com/repos/acme/dr/actions/runs/17/../../../../../user/keys",
    "https://api.github.com/repos/acme/dr/actions/runs/17/deployment_protection_rule?x=1",
    "https://api.github.com/user",
    "not a url",
  ])("sends its token to no other address: %s", (url) => expect(answer(url)).toBeNull());

  test("answers nobody when the plan has no target on GitHub, or one in another repository", () => {
    expect(answer(callback, closed(), [TARGETS.slack])).toBeNull();
    expect(answer(callback.replace("acme/dr", "acme/other"))).toBeNull();
  });
});

test("a Slack button is answered at Slack only, and the answer takes the place of the buttons", () => {
  const reply: ReplyAddress = { format: "slack", url: "https://hooks.slack.com/actions/T0/1/x" };
  const request = renderReply(reply, [TARGETS.slack], closed(), envelope);
  expect(request).toMatchObject({ url: reply.url, onlyTo: ["hooks.slack.com", "hooks.slack-gov.com"] });
  expect(JSON.parse(request?.body ?? "")).toMatchObject({ replace_original: true });
});

test("a token leaves only in a request to the hosts of its service, and in no other part of it than its own", () => {
  for (const format of FORMATS) {
    for (const message of [requested(), closed()]) {
      const request = renderAsk(TARGETS[format], message, envelope);
      const carries = JSON.stringify([request?.body, request?.headers]).includes("canary");
      expect([format, carries && request?.onlyTo === undefined]).toEqual([format, false]);
    }
  }
});
