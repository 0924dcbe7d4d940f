/**
 * Tells everybody who wants to know that something happened.
 *
 * - P1 An event is in the outbox for each of its recipients before this returns, so none is lost. The same event again
 *   makes the same messages, which add nothing while they wait, and which receivers know by their ids. (test/unit/notifications/outbox.test.ts)
 * - P2 The first attempts are made at once, all addresses at the same time. Whoever publishes waits for them, and no
 *   longer than for one short call. (the same)
 * - P3 No recipient that fails, and no subscription or plan that cannot be read, makes this fail. (the same)
 */
import { webhookIdOf } from "../delivery/deliver.js";
import { ExecutionEventKind, type NotificationEvent, type NotificationKind } from "../domain/notifications/event.js";
import { ENDPOINT_DIGITS, type OutboxMessage, type Recipient } from "../domain/notifications/outbox.js";
import { placeOf, type Subscription, wants } from "../domain/notifications/subscription.js";
import { toInstant } from "../domain/text.js";
import { readableOrNull } from "../executions/read-each.js";
import type { Ports } from "../ports.js";
import { attempt, LEASE_MS, TIMEOUT_MS } from "./attempt.js";
import { within } from "./within.js";

/** One short call, and what is written after it. */
const PATIENCE_MS = TIMEOUT_MS + 1_000;

/** A plan as it was when the event happened, whose own addresses are told too. */
export interface PlanOfEvent {
  id: string;
  version: number;
}

/** Tells of an event. `plan` names the version whose own notifications are meant; none are without it. */
export async function publish(ports: Ports, event: NotificationEvent, plan: PlanOfEvent | null = null): Promise<void> {
  const [own, subscribed] = await Promise.all([recipientsOf(ports, event, plan), subscribersOf(ports, event)]);
  const messages = [...own, ...subscribed].map(({ kind, to, place, key }) => {
    return { messageId: webhookIdOf(event.eventId, key), event: { ...event, kind }, to, place, why: null };
  });
  await dispatch(ports, messages);
}

/** Whether somebody may want to know of events of a kind. It saves looking for what nobody wants. */
export async function isWanted(ports: Ports, kind: NotificationKind): Promise<boolean> {
  return (await allSubscriptions(ports)).some(({ kinds, paused }) => !paused && kinds.includes(kind));
}

/**
 * Puts messages into the outbox, and makes their first attempts.
 * @param afterAdding what comes between
 */
export async function dispatch(
  ports: Ports,
  messages: readonly Omit<OutboxMessage, "endpoint" | "attempts" | "nextAt">[],
  afterAdding?: () => Promise<unknown>,
): Promise<void> {
  if (messages.length === 0) return;
  const nowMs = ports.clock.now();
  const heldUntilMs = nowMs + LEASE_MS;
  const held = messages.map((message) => {
    const endpoint = ports.hash(message.place).slice(0, ENDPOINT_DIGITS);
    return { ...message, endpoint, attempts: 0, nextAt: toInstant(heldUntilMs) };
  });
  const added = await ports.store.addMessages(held, toInstant(nowMs));
  await afterAdding?.();
  await within(PATIENCE_MS, Promise.allSettled(added.map((message) => attempt(ports, message, heldUntilMs))));
}

interface Addressed {
  /** The kind as which the recipient wants the event. */
  kind: NotificationKind;
  to: Recipient;
  place: string;
  /** Unique among the recipients of the event. */
  key: string;
}

/** The addresses that the plan itself names. */
async function recipientsOf(
  { store }: Ports,
  { kind }: NotificationEvent,
  plan: PlanOfEvent | null,
): Promise<Addressed[]> {
  const own = ExecutionEventKind.safeParse(kind).data;
  if (plan === null || own === undefined) return [];
  const version = await readableOrNull(() => store.getPlanVersion(plan.id, plan.version));
  const notifications = version?.plan.notifications ?? [];
  return notifications.flatMap(({ url, secret, on }, at) => {
    if (!on.includes(own)) return [];
    const to = { kind: "plan", url, ...(secret !== undefined && { secret }) } as const;
    return [{ kind: own, to, place: url, key: `plan/${at}` }];
  });
}

/** More subscriptions than these are not told. */
const MAX_PAGES = 50;

async function subscribersOf(ports: Ports, event: NotificationEvent): Promise<Addressed[]> {
  return (await allSubscriptions(ports)).flatMap((subscription) => {
    const kind = kindsOf(event).find((one) => wants(subscription, one, event));
    if (kind === undefined) return [];
    const { id, target } = subscription;
    const to = { kind: "subscription", subscriptionId: id } as const;
    return [{ kind, to, place: placeOf(target), key: `subscription/${id}` }];
  });
}

/** The readable ones. */
async function allSubscriptions({ store }: Ports): Promise<Subscription[]> {
  const found: Subscription[] = [];
  for (let cursor: string | undefined, page = 0; page < MAX_PAGES; page += 1) {
    const read = await store.listSubscriptions({ limit: 100, ...(cursor !== undefined && { cursor }) });
    found.push(...read.entries);
    if (read.cursor === undefined) break;
    ({ cursor } = read);
  }
  return found;
}

/** A wait for an approval is told as that to whoever asked for it, and as a wait for a person to the others. */
function kindsOf({ kind, data }: NotificationEvent): NotificationKind[] {
  const awaits = data["awaits"] as { kind?: unknown } | undefined;
  return kind === "awaiting-input" && awaits?.kind === "approval" ? ["approval-asked", kind] : [kind];
}
