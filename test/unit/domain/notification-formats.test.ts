import { CloudEvent, HTTP } from "cloudevents";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { NotificationEvent } from "../../../src/domain/notifications/event.js";
import { renderEvent } from "../../../src/domain/notifications/render.js";
import { NotificationTarget } from "../../../src/domain/notifications/subscription.js";
import { sha256 } from "../../../verification/support/hash.js";
import { EXECUTION_ID, notificationEvent, notificationEvents } from "../../support/notification-event.js";

const SECRETS: Record<string, string> = {
  SLACK: "https://hooks.slack.com/services/T0/B0/canary",
  TEAMS: "https://prod-1.westeurope.logic.azure.com/workflows/1?sig=canary",
  PAGERDUTY: "canary00000000000000000000000000",
};
const TARGETS = {
  cloudevents: { format: "cloudevents", url: "https://hooks.example/", secrets: ["OLD", "NEW"] },
  slack: { format: "slack", urlSecret: "SLACK" },
  teams: { format: "teams", urlSecret: "TEAMS" },
  pagerduty: { format: "pagerduty", routingKey: "PAGERDUTY" },
  "azure-common-alert": { format: "azure-common-alert", url: "https://hooks.example/", secrets: [] },
} as const;
type Format = keyof typeof TARGETS;

const LINK = { path: `/api/executions/${EXECUTION_ID}`, url: `https://dr.example.com/api/executions/${EXECUTION_ID}` };
const envelope = {
  messageId: `msg_${"a".repeat(32)}`,
  link: LINK,
  secretOf: (name: string) => SECRETS[name] ?? "",
  hash: sha256,
};

function send(format: Format, event: NotificationEvent, link: { path: string; url: string | null } = LINK) {
  const request = renderEvent(NotificationTarget.parse(TARGETS[format]), event, { ...envelope, link });
  return { ...request, json: JSON.parse(request.body) };
}

/** The body of any event has the shape, and is the same again. */
function always(format: Format, check: (json: unknown, body: string) => void): void {
  fc.assert(
    fc.property(notificationEvents, (event) => {
      const { json, body } = send(format, event);
      expect(send(format, event).body).toBe(body);
      check(json, body);
    }),
    { numRuns: 200 },
  );
}

const NASTY = "<!channel> <https://evil.example|click> [click](https://evil.example) & <@U1>";
const nasty = notificationEvent({ text: NASTY, facts: [{ title: NASTY, value: NASTY }] });

describe("a CloudEvent", () => {
  test("is one by the rules of the package of the CloudEvents project, in structured mode", () => {
    always("cloudevents", (json, body) => {
      expect(new CloudEvent(json as object, true).validate()).toBe(true);
      const read = HTTP.toEvent({ headers: { "content-type": "application/cloudevents+json" }, body });
      expect(JSON.parse(JSON.stringify(read))).toEqual(json);
    });
  });

  test("is signed by each of the secrets, and says what happened to which plan", () => {
    const { json, signWith, headers, url } = send("cloudevents", notificationEvent());
    expect({ signWith, headers, url }).toEqual({
      signWith: ["OLD", "NEW"],
      headers: { "content-type": "application/cloudevents+json" },
      url: "https://hooks.example/",
    });
    expect(json).toMatchObject({
      id: envelope.messageId,
      source: `/api/executions/${EXECUTION_ID}`,
      type: "secondsite.execution.awaiting-input",
      subject: "shop",
      data: { event: "awaiting-input", verb: "planned-failover", link: LINK },
    });
  });
});

const plain = z.strictObject({ type: z.literal("plain_text"), text: z.string().min(1).max(2_000), emoji: z.boolean() });
const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal("mrkdwn"), text: z.string().min(1).max(max), verbatim: z.literal(true) });

/** Block Kit, as far as messages use it. */
const SlackMessage = z.strictObject({
  text: z.string().min(1).max(40_000),
  blocks: z
    .array(
      z.discriminatedUnion("type", [
        z.strictObject({ type: z.literal("header"), text: plain.extend({ text: z.string().min(1).max(150) }) }),
        z.strictObject({
          type: z.literal("section"),
          text: mrkdwn(3_000).optional(),
          fields: z.array(mrkdwn(2_000)).min(1).max(10).optional(),
        }),
        z.strictObject({ type: z.literal("context"), elements: z.array(plain).min(1).max(10) }),
      ]),
    )
    .min(1)
    .max(50),
});

describe("Slack", () => {
  test("gets blocks within the limits of Block Kit", () => {
    always("slack", (json) => SlackMessage.parse(json));
  });

  test("mentions nobody and links nowhere whatever the names say", () => {
    const { json, url, onlyTo } = send("slack", nasty);
    expect(url).toBe(SECRETS["SLACK"]);
    expect(onlyTo).toContain("hooks.slack.com");
    expect(JSON.stringify(json)).not.toMatch(/<[!@h]/);
  });
});

const run = z.strictObject({
  type: z.literal("TextRun"),
  text: z.string(),
  weight: z.enum(["Lighter", "Default", "Bolder"]).optional(),
  size: z.enum(["Small", "Default", "Medium", "Large", "ExtraLarge"]).optional(),
  fontType: z.enum(["Default", "Monospace"]).optional(),
});
/** The schema of Adaptive Cards 1.4, as far as cards use it, in the message that a workflow of Teams takes. */
const TeamsMessage = z.strictObject({
  type: z.literal("message"),
  attachments: z
    .array(
      z.strictObject({
        contentType: z.literal("application/vnd.microsoft.card.adaptive"),
        contentUrl: z.null(),
        content: z.strictObject({
          $schema: z.literal("http://adaptivecards.io/schemas/adaptive-card.json"),
          type: z.literal("AdaptiveCard"),
          version: z.literal("1.4"),
          msteams: z.strictObject({ width: z.literal("Full") }),
          body: z
            .array(
              z.strictObject({
                type: z.literal("RichTextBlock"),
                inlines: z.array(run).min(1),
                spacing: z.enum(["None", "Small", "Default"]).optional(),
              }),
            )
            .min(1),
          actions: z.array(z.strictObject({ type: z.literal("Action.OpenUrl"), title: z.string(), url: z.url() })),
        }),
      }),
    )
    .length(1),
});

describe("Teams", () => {
  test("gets an adaptive card of less than 28 KB whose only link is ours", () => {
    always("teams", (json, body) => {
      TeamsMessage.parse(json);
      expect(Buffer.byteLength(body)).toBeLessThan(28_000);
    });
    const value = "\u0001".repeat(2_000);
    const facts = Array.from({ length: 10 }, () => ({ title: value.slice(0, 100), value }));
    const { body } = send("teams", notificationEvent({ text: value.slice(0, 1_000), facts }));
    expect(Buffer.byteLength(body)).toBeLessThan(28_000);
    const { actions } = send("teams", nasty).json.attachments[0].content;
    expect(actions).toEqual([{ type: "Action.OpenUrl", title: "Show", url: LINK.url }]);
    expect(send("teams", nasty, { ...LINK, url: null }).json.attachments[0].content.actions).toEqual([]);
  });
});

const dedup = { routing_key: z.string().length(32), dedup_key: z.string().min(1).max(255) };
/** The Events API v2. */
const PagerDutyEvent = z.discriminatedUnion("event_action", [
  z.strictObject({ ...dedup, event_action: z.literal("resolve") }),
  z.strictObject({
    ...dedup,
    event_action: z.literal("trigger"),
    client: z.string(),
    client_url: z.url().optional(),
    links: z.array(z.strictObject({ href: z.url(), text: z.string() })).optional(),
    payload: z.strictObject({
      summary: z.string().min(1).max(1_024),
      source: z.string().min(1),
      severity: z.enum(["critical", "error", "warning", "info"]),
      timestamp: z.iso.datetime(),
      component: z.string(),
      class: z.string(),
      custom_details: z.record(z.string(), z.unknown()),
    }),
  }),
]);

describe("PagerDuty", () => {
  test("gets an event within the limits of the Events API", () => {
    always("pagerduty", (json, body) => {
      PagerDutyEvent.parse(json);
      expect(Buffer.byteLength(body)).toBeLessThan(512_000);
    });
  });

  test("has one incident for an execution, which its success resolves", () => {
    const opened = send("pagerduty", notificationEvent()).json;
    expect(opened).toMatchObject({
      dedup_key: EXECUTION_ID,
      event_action: "trigger",
      payload: { severity: "warning" },
    });
    const end = send("pagerduty", notificationEvent({ kind: "ended", ends: true })).json;
    expect(end).toEqual({ ...end, dedup_key: EXECUTION_ID, event_action: "resolve" });
    expect(send("pagerduty", notificationEvent()).onlyTo).toEqual(["events.pagerduty.com"]);
  });
});

/** The common alert schema of Azure Monitor, version 1.0. */
const CommonAlert = z.strictObject({
  schemaId: z.literal("azureMonitorCommonAlertSchema"),
  data: z.strictObject({
    essentials: z.strictObject({
      alertId: z
        .string()
        .regex(/^\/subscriptions\/[0-9a-f-]{36}\/providers\/Microsoft\.AlertsManagement\/alerts\/[0-9a-f-]{36}$/),
      alertRule: z.string().min(1),
      severity: z.enum(["Sev0", "Sev1", "Sev2", "Sev3", "Sev4"]),
      signalType: z.enum(["Metric", "Log", "Activity Log"]),
      monitorCondition: z.enum(["Fired", "Resolved"]),
      monitoringService: z.string().min(1),
      alertTargetIDs: z.array(z.string().regex(/^\/subscriptions\/[^A-Z]+$/)).min(1),
      configurationItems: z.array(z.string()).min(1),
      originAlertId: z.string().min(1),
      firedDateTime: z.iso.datetime(),
      resolvedDateTime: z.iso.datetime().optional(),
      description: z.string(),
      essentialsVersion: z.literal("1.0"),
      alertContextVersion: z.literal("1.0"),
    }),
    alertContext: z.record(z.string(), z.unknown()),
    customProperties: z.record(z.string(), z.string()),
  }),
});

describe("Azure's common alert schema", () => {
  test("is kept to by every event", () => {
    always("azure-common-alert", (json) => {
      const { essentials } = CommonAlert.parse(json).data;
      expect("resolvedDateTime" in essentials).toBe(essentials.monitorCondition === "Resolved");
    });
  });

  test("has one alert for an execution, which its success resolves", () => {
    const [fired, resolved] = [notificationEvent(), notificationEvent({ kind: "ended", ends: true })].map(
      (event) => send("azure-common-alert", event).json.data.essentials,
    );
    expect(fired).toMatchObject({ monitorCondition: "Fired", severity: "Sev2" });
    expect(resolved).toMatchObject({ monitorCondition: "Resolved", alertId: fired.alertId });
  });
});
