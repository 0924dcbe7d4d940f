import { RecoveryError } from "../../domain/errors.js";
import { DEAD_LETTERS_KEPT_DAYS, type DeadLetter } from "../../domain/notifications/outbox.js";
import { toInstant } from "../../domain/text.js";
import { dispatch } from "../../notifications/publish.js";
import type { Services } from "../context.js";

/** Dead letters in one request. */
const MAX_RESENT = 100;
const MAX_PURGED = 100;
const DAY_MS = 86_400_000;

/**
 * Puts a dead letter back into the outbox, under the id that it had, and attempts it at once. It gets as many attempts
 * as a new message. Its repetition finds no dead letter any more.
 */
export async function resendDeadLetter(services: Services, id: string): Promise<{ messageId: string }> {
  const letter = await services.store.getDeadLetter(id);
  if (letter === null) throw new RecoveryError("dead-letter-not-found", `there is no dead letter ${id}`);
  await resend(services, [letter]);
  return { messageId: letter.messageId };
}

/** The same for the newest dead letters; for those of one subscription if it is named. Returns how many there were. */
export async function resendDeadLetters(services: Services, subscriptionId?: string): Promise<{ resent: number }> {
  const { entries } = await services.store.listDeadLetters({ limit: MAX_RESENT });
  const letters = entries.filter(({ to }) => {
    return subscriptionId === undefined || (to.kind === "subscription" && to.subscriptionId === subscriptionId);
  });
  await resend(services, letters);
  return { resent: letters.length };
}

/** In the outbox first: a process that dies in between leaves a letter that is sent once more than necessary. */
async function resend(services: Services, letters: readonly DeadLetter[]): Promise<void> {
  await dispatch(
    services,
    letters.map(({ id: _, deadAt: __, attempts: ___, ...message }) => message),
    () => Promise.all(letters.map(({ id }) => services.store.removeDeadLetter(id))),
  );
}

/** Forgets what is old. */
export async function sweepDeadLetters({ store, clock }: Services): Promise<void> {
  await store.purgeDeadLetters(toInstant(clock.now() - DEAD_LETTERS_KEPT_DAYS * DAY_MS), MAX_PURGED);
}
