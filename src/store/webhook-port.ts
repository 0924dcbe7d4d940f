import type { ReceiptResult, WebhookReceipt } from "../domain/webhooks/receipt.js";
import type { SecurityRecord, TokenMade, WebhookRefusal } from "../domain/webhooks/security-record.js";
import type { WebhookSource } from "../domain/webhooks/source.js";
import type { Page, PageRequest } from "./page.js";

/** Registered senders of webhooks, and what was received from them. */
export interface WebhookStore {
  /** Saves a source over the one of the same id. Returns whether it is new. */
  putWebhookSource(source: WebhookSource): Promise<boolean>;
  getWebhookSource(sourceId: string): Promise<WebhookSource | null>;
  listWebhookSources(page: PageRequest): Promise<Page<WebhookSource>>;
  /** Removes a source. One that is gone is no error. */
  removeWebhookSource(sourceId: string): Promise<void>;

  /** Records a message unless its key is known. Returns the record, and whether this call made it. */
  insertReceipt(key: string, receipt: WebhookReceipt): Promise<{ receipt: WebhookReceipt; created: boolean }>;
  /** Records what became of a message. The first result stands, and is returned. */
  completeReceipt(key: string, result: ReceiptResult): Promise<ReceiptResult>;
  /** Messages without a result, with their keys. */
  listOpenReceipts(page: PageRequest): Promise<Page<{ key: string; receipt: WebhookReceipt }>>;
  /** Forgets messages that were received before that time, at most `limit` of them. Returns how many. */
  purgeReceipts(before: string, limit: number): Promise<number>;

  /** Counts a refused request. Requests that arrive together are one write. */
  recordRefusal(refusal: { sourceId: string | null; reason: WebhookRefusal; at: string }): Promise<void>;
  /** Notes that somebody made a token for another person. */
  recordTokenMade(made: Omit<TokenMade, "kind" | "minute">): Promise<void>;
  /** Newest first. */
  listSecurityRecords(page: PageRequest): Promise<Page<SecurityRecord>>;
  /** Forgets the records of that minute and of earlier ones, at most `limit` of them. Returns how many. */
  purgeSecurityRecords(before: string, limit: number): Promise<number>;
}
