import { messageOf } from "../domain/errors.js";
import { toInstant, toMs } from "../domain/text.js";
import type { Ports } from "../ports.js";
import { attempt, LEASE_MS } from "./attempt.js";
import { within } from "./within.js";

/** Messages to one address in one pass. */
const MAX_PER_ENDPOINT = 20;
/** When it is well again. */
const MAX_FLUSHED = 500;
/** A pass that is over leaves what it does not reach to the next one. */
const PASS_MS = 8_000;

/** Addresses with a pass under way in this process. A slow one is passed over until it is done. */
type Busy = Set<string>;

/**
 * Attempts what is due in the outbox: messages whose attempt failed, and those whose process died. All addresses are
 * served at the same time, each at its own pace.
 *
 * @returns what went wrong, for the log
 */
export async function deliverDue(ports: Ports, busy: Busy): Promise<string[]> {
  const errors: string[] = [];
  const endpoints = (await ports.store.listEndpoints()).filter((endpoint) => !busy.has(endpoint));
  const served = endpoints.map(async (endpoint) => {
    busy.add(endpoint);
    try {
      await serve(ports, endpoint);
    } catch (thrown) {
      errors.push(`the outbox of ${endpoint}: ${messageOf(thrown)}`);
    } finally {
      busy.delete(endpoint);
    }
  });
  await within(PASS_MS, Promise.all(served));
  return errors;
}

/** After every time of a message. */
const FAR_AWAY = "9999-01-01T00:00:00.000Z";

/** Somebody may be attempting it, or it is due soon. */
const mayBeHeld = (nextMs: number, nowMs: number): boolean => nextMs > nowMs && nextMs <= nowMs + LEASE_MS;

/** Attempts what is due, and all that waits when the address is well again. */
async function serve(ports: Ports, endpoint: string): Promise<void> {
  const { store, clock, endpoints } = ports;
  const now = clock.now();
  if (endpoints.silentUntilMs(endpoint, now) > 0) return;
  const isWellAgain = endpoints.takeWellAgain(endpoint);
  const [by, limit] = isWellAgain ? [FAR_AWAY, MAX_FLUSHED] : [toInstant(now), MAX_PER_ENDPOINT];
  const listed = await store.listDueMessages(endpoint, by, limit);
  if (listed.length === 0) return store.forgetIdleEndpoint(endpoint, toInstant(now));
  const due = listed.filter(({ value }) => !mayBeHeld(toMs(value.nextAt), now));
  for (const message of due) {
    const nowMs = clock.now();
    if (endpoints.silentUntilMs(endpoint, nowMs) > 0) return;
    const heldUntilMs = nowMs + LEASE_MS;
    const held = await store.updateMessage(message, { ...message.value, nextAt: toInstant(heldUntilMs) });
    if (held !== null) await attempt(ports, held, heldUntilMs);
  }
}
