import { z } from "zod";
import { NotificationKind } from "./notifications/event.js";
import { Instant } from "./text.js";

/** What an execution tells others: the events of a notification, and those of an approval. */
const UndeliveredEvent = z.enum([
  ...NotificationKind.options,
  "approval-requested",
  "approval-escalated",
  "approval-closed",
]);
export type UndeliveredEvent = z.infer<typeof UndeliveredEvent>;

/** A notification or an approval ask that its address has not taken. */
export const UndeliveredNotification = z.strictObject({
  /** Unique in the execution. */
  key: z.string().max(100),
  event: UndeliveredEvent,
  url: z.string().max(2_000).describe("the address; the name of the secret when the address is one"),
  attempts: z.int().min(1),
  why: z.string().max(500),
  /** When its first attempt failed. */
  since: Instant,
  /** Null when it was given up. */
  nextAttemptAt: Instant.nullable(),
});
export type UndeliveredNotification = z.infer<typeof UndeliveredNotification>;

/** What a record keeps: the newest. */
export const MAX_UNDELIVERED = 100;

/** How one attempt came out; `failed` is null when the notification was taken. */
interface Attempted {
  key: string;
  failed: Omit<UndeliveredNotification, "key" | "since"> | null;
}

/** The undelivered notifications after some attempts. One that is taken at last is forgotten. */
export function withUndelivered(
  before: readonly UndeliveredNotification[],
  attempts: readonly Attempted[],
  at: string,
): UndeliveredNotification[] {
  const all = new Map(before.map((one) => [one.key, one]));
  for (const { key, failed } of attempts) {
    if (failed === null) all.delete(key);
    else all.set(key, { key, since: all.get(key)?.since ?? at, ...failed });
  }
  return [...all.values()].slice(-MAX_UNDELIVERED);
}
