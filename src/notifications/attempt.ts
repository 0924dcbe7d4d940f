/**
 * One attempt to deliver a message of the outbox.
 *
 * - T1 A message has an attempt under way in one process only: whoever attempts it has moved its time first.
 * - T2 Whatever becomes of it is written into the outbox before the attempt is over, and into the execution that it is
 *   about: what was not taken, why, and when it is sent again. A failure to write that fails nothing else.
 * - T3 Its address and secrets are those that its subscription has now, so a key that is replaced counts at once. A
 *   message to a subscription that is gone is dropped.
 *
 * All are shown by test/unit/notifications/outbox.test.ts.
 */
import { attemptOf, type Delivered, linkTo, refused } from "../delivery/deliver.js";
import { secretValue } from "../delivery/sign.js";
import { pathOf } from "../domain/notifications/event.js";
import { delayOf, type OutboxMessage } from "../domain/notifications/outbox.js";
import { renderEvent } from "../domain/notifications/render.js";
import type { NotificationTarget } from "../domain/notifications/subscription.js";
import { toInstant } from "../domain/text.js";
import { noteAttempts } from "../executions/note-attempts.js";
import type { Ports } from "../ports.js";
import type { Tagged } from "../store/port.js";
import type { Seen } from "./endpoints.js";

/** A recovery waits for the first attempt, so it is short. */
export const TIMEOUT_MS = 5_000;

/** How long a message belongs to whoever moved its time: longer than a turn and an attempt take. */
export const LEASE_MS = 30_000;

/** An old message waits for hours, but its address may be well again in a minute. */
const MAX_SILENCE_MS = 60_000;

/** Attempts a message that this process holds until `heldUntilMs`, as soon as its address has a turn for it. */
export async function attempt(ports: Ports, held: Tagged<OutboxMessage>, heldUntilMs: number): Promise<void> {
  const { clock, endpoints } = ports;
  const { endpoint } = held.value;
  const silentUntilMs = endpoints.silentUntilMs(endpoint, clock.now());
  if (silentUntilMs > 0) return postpone(ports, held, silentUntilMs);
  const leave = await endpoints.enter(endpoint);
  if (leave === undefined) return; // its time comes again
  let seen: Seen | undefined;
  try {
    const silentUntilMs = endpoints.silentUntilMs(endpoint, clock.now()); // it fell silent while this one waited
    if (silentUntilMs > 0) return await postpone(ports, held, silentUntilMs);
    if (clock.now() + TIMEOUT_MS > heldUntilMs) return; // by now somebody else may attempt it
    const target = await targetOf(ports, held.value);
    if (target === null) return await drop(ports, held);
    const message = { ...held.value, attempts: held.value.attempts + 1 };
    const answer = await send(ports, message, target);
    const delayMs = answer.delivered || answer.gone ? null : delayOf(message);
    const timedOut = !answer.delivered && answer.timedOut;
    const nowMs = clock.now();
    seen = { isWell: answer.delivered, silentUntilMs: timedOut ? nowMs + Math.min(delayMs ?? 0, MAX_SILENCE_MS) : 0 };
    await settle(ports, { held, message, answer, delayMs, nowMs });
  } finally {
    leave(seen);
  }
}

/** Leaves a message alone until its address may be called again. */
async function postpone({ store }: Ports, held: Tagged<OutboxMessage>, untilMs: number): Promise<void> {
  await store.updateMessage(held, { ...held.value, nextAt: toInstant(untilMs) });
}

/** Takes a message out that nobody wants any more. Its trace says that no attempt follows. */
async function drop(ports: Ports, held: Tagged<OutboxMessage>): Promise<void> {
  const { messageId, event } = held.value;
  await ports.store.removeMessage(held);
  if (event.executionId !== null) await noteAttempts(ports, event.executionId, [], [messageId]);
}

/** Null when nobody wants the message any more. */
async function targetOf({ store }: Ports, { to }: OutboxMessage): Promise<NotificationTarget | null> {
  if (to.kind === "plan")
    return { format: "cloudevents", url: to.url, secrets: to.secret === undefined ? [] : [to.secret] };
  return (await store.getSubscription(to.subscriptionId))?.target ?? null;
}

/** A secret that is missing today may be there at the next attempt, so it is a failure like any other. */
async function send(
  ports: Ports,
  { messageId, event, attempts }: OutboxMessage,
  target: NotificationTarget,
): Promise<Delivered> {
  const { secrets, settings, hash } = ports;
  const link = linkTo(settings.publicBaseUrl, pathOf(event));
  try {
    const secretOf = (name: string) => secretValue(secrets, name);
    const request = renderEvent(target, event, { messageId, link, secretOf, hash });
    return await attemptOf(ports, { messageId, attempt: attempts, request, timeoutMs: TIMEOUT_MS });
  } catch (thrown) {
    return refused(thrown);
  }
}

interface Attempted {
  held: Tagged<OutboxMessage>;
  message: OutboxMessage;
  answer: Delivered;
  delayMs: number | null;
  nowMs: number;
}

async function settle(ports: Ports, { held, message, answer, delayMs, nowMs }: Attempted): Promise<void> {
  const { store } = ports;
  const { executionId, kind } = message.event;
  if (answer.delivered) await store.removeMessage(held);
  else {
    const after = { ...message, why: answer.why.slice(0, 500) };
    if (delayMs === null)
      await store.buryMessage({ ...held, value: { ...after, nextAt: held.value.nextAt } }, toInstant(nowMs));
    else await store.updateMessage(held, { ...after, nextAt: toInstant(nowMs + delayMs) });
  }
  if (executionId === null) return;
  const { messageId: key, place: url, attempts: attempt, why } = message;
  const isNoted = why !== null; // a dead letter that is sent again
  await noteAttempts(ports, executionId, [{ key, event: kind, url, attempt, isNoted, retryAfterMs: delayMs, answer }]);
}
