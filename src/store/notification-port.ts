import type { DeadLetter, OutboxMessage } from "../domain/notifications/outbox.js";
import type { Subscription } from "../domain/notifications/subscription.js";
import type { Page, PageRequest, Tagged } from "./page.js";

/** Who wants to be told what, and what they were not told yet. */
export interface NotificationStore {
  /** Saves a subscription over the one of the same id. Returns whether it is new. */
  putSubscription(subscription: Subscription): Promise<boolean>;
  getSubscription(subscriptionId: string): Promise<Subscription | null>;
  listSubscriptions(page: PageRequest): Promise<Page<Subscription>>;
  /** Removes a subscription. One that is gone is no error. */
  removeSubscription(subscriptionId: string): Promise<void>;

  /** Puts messages into the outbox. Returns those that were not there. */
  addMessages(messages: readonly OutboxMessage[], at: string): Promise<Tagged<OutboxMessage>[]>;
  /** The addresses for which messages may wait. */
  listEndpoints(): Promise<string[]>;
  /** The messages to an address that are due by then, those that waited longest first. */
  listDueMessages(endpoint: string, by: string, limit: number): Promise<Tagged<OutboxMessage>[]>;
  /** Replaces a message that was read; null if somebody else changed it or took it out. */
  updateMessage(before: Tagged<OutboxMessage>, after: OutboxMessage): Promise<Tagged<OutboxMessage> | null>;
  /** Takes a message out that was delivered, or whose recipient is gone. */
  removeMessage(message: Tagged<OutboxMessage>): Promise<void>;
  /** Takes a message out that was given up, and keeps it as a dead letter. */
  buryMessage(message: Tagged<OutboxMessage>, at: string): Promise<void>;
  /** Forgets an address for which nothing waits, unless it was noted lately. */
  forgetIdleEndpoint(endpoint: string, at: string): Promise<void>;

  /** Newest first. */
  listDeadLetters(page: PageRequest): Promise<Page<DeadLetter>>;
  getDeadLetter(id: string): Promise<DeadLetter | null>;
  /** Removes a dead letter. One that is gone is no error. */
  removeDeadLetter(id: string): Promise<void>;
  /** Forgets dead letters that were given up before that time, at most `limit` of them. Returns how many. */
  purgeDeadLetters(before: string, limit: number): Promise<number>;
}
