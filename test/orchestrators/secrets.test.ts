import { afterEach, expect, test, vi } from "vitest";
import { MemoryHistoryStore } from "../../host/durable/store/memory-store.js";
import type { Logger } from "../../host/logger.js";
import { viewApproval } from "../../src/commands/approval-views.js";
import { listSubscriptions, saveSubscription } from "../../src/commands/notifications/subscriptions.js";
import { getPlan } from "../../src/commands/plans.js";
import { LOCAL_ADMINISTRATOR } from "../../src/domain/access/caller.js";
import { SubscriptionInput } from "../../src/domain/notifications/subscription.js";
import { Action, type PlanInput } from "../../src/domain/plans/plan.js";
import type { Tables } from "../../src/store/tables/port.js";
import { approvalAwaited, decideAs, TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { EgressTrap } from "../support/egress-trap.js";
import { Receiver } from "../support/receiver.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
let trap: EgressTrap;
const receivers: Receiver[] = [];
afterEach(async () => {
  await app.close();
  trap.close();
  for (const receiver of receivers.splice(0)) receiver.close();
});

async function listen(answer?: () => number): Promise<Receiver> {
  const receiver = await Receiver.listen(answer);
  receivers.push(receiver);
  return receiver;
}

const KEY = Buffer.from("canary-key-canary-key-canary-key");

/** What would show that a secret got out: its text, and its bytes as other texts. */
const TRACES = ["canary", KEY.toString("base64").slice(0, 20), KEY.toString("hex").slice(0, 20)];

/** Everything that is written, logged or answered. */
class Outputs {
  readonly texts: { where: string; text: string }[] = [];

  add(where: string, output: unknown): void {
    this.texts.push({ where, text: typeof output === "string" ? output : (JSON.stringify(output) ?? "") });
  }

  get leaks(): string[] {
    const leaked = this.texts.filter(({ text }) =>
      TRACES.some((trace) => text.toLowerCase().includes(trace.toLowerCase())),
    );
    return leaked.map(({ where, text }) => `${where}: ${text}`);
  }

  count(where: string): number {
    return this.texts.filter((one) => one.where === where).length;
  }

  readonly logger: Logger = { log: (level, message, fields) => this.add("log", { level, message, fields }) };

  readonly tables = (tables: Tables): Tables => ({
    table: (name) => {
      const table = tables.table(name);
      return {
        get: (...given) => table.get(...given),
        list: (...given) => table.list(...given),
        transact: (partition, operations) => {
          this.add("table", { name, partition, operations });
          return table.transact(partition, operations);
        },
      };
    },
  });

  watchHistory(): void {
    for (const method of ["commit", "createInstance", "appendInbox"] as const) {
      const write = MemoryHistoryStore.prototype[method] as (...given: unknown[]) => Promise<never>;
      vi.spyOn(MemoryHistoryStore.prototype, method).mockImplementation(async function (
        this: MemoryHistoryStore,
        ...given: unknown[]
      ) {
        outputs.add("history", given);
        return Reflect.apply(write, this, given);
      });
    }
  }
}
let outputs: Outputs;

/** Every format of a notification, with receivers that take it and receivers that do not. */
const subscribedTargets = (good: string, bad: string): SubscriptionInput["target"][] => [
  ...["KEY", "NO_KEY", "MISSING"].flatMap((secret) =>
    [good, bad].map((url) => ({ format: "cloudevents" as const, url, secrets: [secret] })),
  ),
  ...["SLACK", "SLACK_DOWN", "TEAMS_USER"].map((urlSecret) => ({ format: "slack" as const, urlSecret })),
  ...["SLACK", "SLACK_DOWN", "TEAMS", "TEAMS_USER"].map((urlSecret) => ({ format: "teams" as const, urlSecret })),
  { format: "pagerduty", routingKey: "PAGERDUTY", region: "us" },
  { format: "azure-common-alert", url: bad, secrets: ["KEY"] },
];

async function open(plan: (urls: { good: string; bad: string }) => (plan: PlanInput) => PlanInput) {
  const [good, bad] = [await listen(), await listen(() => 500)];
  trap = await EgressTrap.open();
  outputs = new Outputs();
  outputs.watchHistory();
  const onActivity = (call: unknown, end: unknown) => outputs.add("activity", { call, end });
  app = await VirtualApp.open({ logger: outputs.logger, tables: outputs.tables, onActivity });
  for (const [name, value] of Object.entries({
    KEY: `whsec_${KEY.toString("base64")}`,
    NO_KEY: "canary-canary-canary",
    SLACK: `${good.url}/canary`,
    SLACK_DOWN: `${bad.url}/canary`,
    TEAMS: "canary without a scheme",
    TEAMS_USER: "https://canary:canary@teams.example.com/",
    PAGERDUTY: "canary00000000000000000000000000",
    GITHUB: "ghp_canary\r\ncanary",
  })) {
    app.secrets.set(name, value);
  }
  await app.loadShop(plan({ good: good.url, bad: bad.url }));
  for (const [at, target] of subscribedTargets(good.url, bad.url).entries()) {
    await saveSubscription(app.context, `s${at}`, SubscriptionInput.parse({ target }), "admin");
  }
  return { good, bad };
}

const webhooks = (url: string): Action[] =>
  ["KEY", "NO_KEY"].map((secret, at) =>
    Action.parse({
      ...{ id: `action-${at}`, name: secret, kind: "webhook", url, secret },
      ...{ failoverTypes: ["unplanned"], onFailure: "continue" },
    }),
  );

async function look(executionId: string, approvalId: string): Promise<void> {
  outputs.add("answer", await app.until(executionId, () => true));
  outputs.add("answer", await getPlan(app.context, app.planId));
  outputs.add("answer", await viewApproval(app.context, approvalId, LOCAL_ADMINISTRATOR));
  outputs.add("answer", await app.hub.get(executionId));
  outputs.add("answer", await listSubscriptions(app.context, { limit: 100 }));
  outputs.add("dead letters", await app.context.store.listDeadLetters({ limit: 100 }));
}

test("no secret gets into answers, logs, history, status or tables, whether its receivers take what they are sent or not", async () => {
  const { good, bad } = await open(({ good, bad }) => (plan) => ({
    ...withApprovals({
      ...TWO_BEFORE_START,
      asks: [
        { format: "standard", url: good, secret: "KEY" },
        { format: "standard", url: bad, secret: "KEY" },
        { format: "standard", url: good, secret: "NO_KEY" },
        { format: "standard", url: good, secret: "MISSING" },
        { format: "slack", urlSecret: "SLACK" },
        { format: "slack", urlSecret: "SLACK_DOWN" },
        { format: "teams", urlSecret: "TEAMS" },
        { format: "teams", urlSecret: "TEAMS_USER" },
        { format: "pagerduty", routingKey: "PAGERDUTY" },
        { format: "github", repository: "acme/dr", environment: "dr", token: "GITHUB" },
      ],
    })(plan),
    notifications: ["KEY", "NO_KEY", "MISSING"].map((secret) => ({ url: good, secret })),
    groups: plan.groups.map((group, at) => ({ ...group, ...(at === 0 && { after: webhooks(good) }) })),
  }));
  const executionId = await app.start("unplanned-failover");
  const { approvalId } = await approvalAwaited(app, executionId);
  await app.pass(3_600_000);
  await look(executionId, approvalId);
  for (const person of ["ann", "bob"]) await decideAs(app, person, approvalId);
  await app.awaiting(executionId, "validate");
  await look(executionId, approvalId);
  await app.validate(executionId);
  await app.completed(executionId);
  await app.pass(2 * 24 * 3_600_000); // until everything is given up
  await look(executionId, approvalId);
  for (const where of ["table", "history", "activity", "answer"]) expect(outputs.count(where)).toBeGreaterThan(0);
  expect(outputs.texts.some(({ text }) => text.includes("SLACK_DOWN"))).toBe(true);
  expect(outputs.texts.some(({ where, text }) => where === "table" && text.includes("Outbox"))).toBe(true);
  expect((await app.context.store.listDeadLetters({ limit: 100 })).entries.length).toBeGreaterThan(20);
  expect(outputs.leaks).toEqual([]);

  const { undelivered } = (await app.context.store.getExecution(executionId))?.value ?? {};
  expect(undelivered?.length).toBeGreaterThan(8);
  for (const { headers, text } of [...good.received, ...bad.received]) {
    expect(JSON.stringify([headers, text])).not.toContain("canary");
  }
  const signed = good.received.filter(({ headers }) => headers["webhook-signature"] !== undefined);
  expect(new Set(signed.map(({ headers }) => headers["content-type"]))).toEqual(
    new Set(["application/cloudevents+json", "application/json"]),
  );
});
