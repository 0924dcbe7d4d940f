import fc from "fast-check";
import { type NotificationEvent, NotificationKind, Severity } from "../../src/domain/notifications/event.js";
import type { OutboxMessage } from "../../src/domain/notifications/outbox.js";
import { Subscription, type SubscriptionInput } from "../../src/domain/notifications/subscription.js";

export const EVENT_AT = "2026-03-02T09:00:00.000Z";
export const EXECUTION_ID = "11111111-1111-8111-8111-111111111111";

/** An event of an execution of the plan `shop`. */
export const notificationEvent = (change: Partial<NotificationEvent> = {}): NotificationEvent => ({
  eventId: `${EXECUTION_ID}/notification/1`,
  kind: "awaiting-input",
  at: EVENT_AT,
  planId: "shop",
  worldId: "world",
  executionId: EXECUTION_ID,
  severity: "warning",
  ends: false,
  text: "planned-failover of plan Shop waits for a person: check the orders",
  facts: [{ title: "Plan", value: "Shop, version 1" }],
  data: { verb: "planned-failover", awaits: { kind: "confirm", asks: "check the orders" } },
  ...change,
});

const text = (maxLength: number) => fc.string({ minLength: 1, maxLength, unit: "binary" });

/** Any event, with any texts in it. */
export const notificationEvents: fc.Arbitrary<NotificationEvent> = fc
  .record({
    kind: fc.constantFrom(...NotificationKind.options),
    severity: fc.constantFrom(...Severity.options),
    ends: fc.boolean(),
    text: text(1_000),
    facts: fc.array(fc.record({ title: text(100), value: text(2_000) }), { maxLength: 10 }),
    executionId: fc.constantFrom(EXECUTION_ID, null),
    planId: fc.constantFrom("shop", null),
    data: fc.dictionary(text(20), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 }),
  })
  .map((change) => notificationEvent(change));

export const subscription = (
  id: string,
  target: SubscriptionInput["target"],
  change: Partial<Subscription> = {},
): Subscription => Subscription.parse({ id, target, savedAt: EVENT_AT, savedBy: "admin", ...change });

/** A message of the outbox. `digit` makes its id, and `endpoint` the digits of its address. */
export const outboxMessage = (digit: string, change: Partial<OutboxMessage> = {}): OutboxMessage => ({
  messageId: `msg_${digit.repeat(32)}`,
  event: notificationEvent(),
  to: { kind: "plan", url: "https://hooks.example/" },
  place: "https://hooks.example/",
  endpoint: "e".repeat(32),
  attempts: 0,
  nextAt: EVENT_AT,
  why: null,
  ...change,
});
