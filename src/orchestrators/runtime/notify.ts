/**
 * Notifications: what an execution tells the addresses of its plan (A7).
 *
 * - N1 A notification that is not taken is sent again with back-off, a few times, under the same id. It is sent again
 *   while the execution waits for a decision, and after its end. (test/orchestrators/notifications.test.ts)
 * - N2 No notification holds a recovery up for longer than one short call; an address that does not answer is left
 *   alone until its next attempt is due. (test/orchestrators/notifications.test.ts)
 * - N3 A notification that was not taken is in the execution's record, with the reason and the next attempt.
 *   (test/orchestrators/notifications.test.ts)
 */
import type { OrchestrationContext } from "durable-functions";
import type { Failure } from "../../domain/execution.js";
import type { NotificationEvent } from "../../domain/plans/plan.js";
import { delayAfter, RETRY_POLICIES } from "../../domain/retry-policies.js";
import { defined } from "../../domain/text.js";
import { callActivity, type Durable } from "../../durable/call.js";
import { sleep } from "../../durable/wait.js";
import { type ExecutionPlan, type ItemReport, sendNotifications } from "../../executions/contracts.js";

interface Message {
  /** Unique in the execution. It makes the id that all attempts carry. */
  key: string;
  url: string;
  secret?: string;
  event: NotificationEvent;
  payload: Record<string, unknown>;
  /** The number of the next attempt. */
  attempt: number;
  dueMs: number;
}

/** How an execution ended. */
interface Ended {
  status: string;
  failure: Failure | null;
  reports: readonly ItemReport[];
}

/** The failed items that one notification names. */
const MAX_NAMED = 100;

/** The notifications of one execution. */
export class Notifier {
  readonly #context: OrchestrationContext;
  readonly #plan: ExecutionPlan;
  readonly #told = new Set<string>();
  #messages = 0;
  #waiting: Message[] = [];
  /** When an address that did not answer in time may be called again. */
  readonly #silentUntilMs = new Map<string, number>();

  constructor(context: OrchestrationContext, plan: ExecutionPlan) {
    this.#context = context;
    this.#plan = plan;
  }

  /** Sends an event to the addresses that want it. What is not taken waits for its next attempt. */
  *tell(event: NotificationEvent, details: Readonly<Record<string, unknown>>): Durable<void> {
    const { executionId, worldId, verb, direction, plan, notifications } = this.#plan;
    const at = this.#context.df.currentUtcDateTime.toISOString();
    const payload = { event, at, executionId, plan, worldId, verb, direction, ...details };
    for (const { url, on, secret } of notifications) {
      if (!on.includes(event)) continue;
      this.#messages += 1;
      const key = `notification/${this.#messages}`;
      this.#waiting.push({ key, url, ...defined({ secret }), event, payload, attempt: 1, dueMs: this.#now() });
    }
    yield* this.sendDue();
  }

  /** Tells that a person is awaited: for what, and until when. */
  tellAwaited(awaits: object, reports: Iterable<ItemReport>): Durable<void> {
    return this.tell("awaiting-input", { awaits, ...lossOf(reports) });
  }

  /** Tells how the execution ended. */
  *tellEnd({ status, failure, reports }: Ended): Durable<void> {
    yield* this.tellFailed(reports);
    const reason = failure?.message ?? null;
    yield* this.tell("ended", { status, reason, outcomes: countsOf(reports), ...lossOf(reports) });
  }

  /** Tells which items failed since it was last asked, each failure once. */
  *tellFailed(reports: Iterable<ItemReport>): Durable<void> {
    const failed = [...reports].flatMap(({ itemId, outcome, failure }) => {
      const key = `${itemId} ${failure?.code} ${failure?.message}`;
      if (outcome !== "failed" || this.#told.has(key)) return [];
      this.#told.add(key);
      return [{ itemId, code: failure?.code ?? null, reason: failure?.message ?? null }];
    });
    if (failed.length === 0) return;
    yield* this.tell("item-failed", { count: failed.length, items: failed.slice(0, MAX_NAMED) });
  }

  /** When the next attempt is due; undefined when nothing waits. */
  get nextMs(): number | undefined {
    if (this.#waiting.length === 0) return undefined;
    return Math.min(...this.#waiting.map((message) => this.#dueMs(message)));
  }

  /** Sends what is due, in one call. */
  *sendDue(): Durable<void> {
    const due = this.#waiting.filter((message) => this.#dueMs(message) <= this.#now());
    if (due.length === 0) return;
    const results = yield* this.#send(due);
    const nowMs = this.#now();
    for (const message of due) {
      const result = results.get(message.key) ?? "failed";
      const delayMs = result === "delivered" ? null : delayAfter(RETRY_POLICIES.notification, message.attempt);
      if (delayMs === null) this.#waiting = this.#waiting.filter((one) => one !== message);
      else Object.assign(message, { attempt: message.attempt + 1, dueMs: nowMs + delayMs });
      if (result === "delivered") this.#silentUntilMs.delete(message.url);
      else if (result === "timed-out") this.#silentUntilMs.set(message.url, nowMs + (delayMs ?? 0));
    }
  }

  /** Sends all that waits until it is taken or given up. Nothing may wait for this. */
  *drain(): Durable<void> {
    for (let nextMs = this.nextMs; nextMs !== undefined; nextMs = this.nextMs) {
      yield* sleep(this.#context, Math.max(0, nextMs - this.#now()));
      yield* this.sendDue();
    }
  }

  *#send(due: readonly Message[]): Durable<ReadonlyMap<string, "delivered" | "failed" | "timed-out">> {
    const messages = due.map(({ dueMs: _, ...message }) => {
      return { ...message, retryAfterMs: delayAfter(RETRY_POLICIES.notification, message.attempt) };
    });
    try {
      const { executionId } = this.#plan;
      const { results } = yield* callActivity(this.#context, sendNotifications, { executionId, messages });
      return new Map(results.map(({ key, result }) => [key, result]));
    } catch {
      return new Map(); // nothing is known of any of them, so each is sent again
    }
  }

  #dueMs({ url, dueMs }: Message): number {
    return Math.max(dueMs, this.#silentUntilMs.get(url) ?? 0);
  }

  #now(): number {
    return this.#context.df.currentUtcDateTime.getTime();
  }
}

/** The most that a recovered item lost; null while nothing is recovered, and when it is unknown for one of them. */
function lossOf(reports: Iterable<ItemReport>): { worstLossSeconds: number | null } {
  const losses = [...reports].flatMap(({ runningAtMs, dataLoss }) => (runningAtMs === null ? [] : [dataLoss]));
  const known = losses.flatMap((loss) => loss?.seconds ?? []);
  return { worstLossSeconds: known.length === 0 || known.length < losses.length ? null : Math.max(...known) };
}

/** How many items came to each outcome. */
function countsOf(reports: readonly ItemReport[]): Partial<Record<ItemReport["outcome"], number>> {
  const counts: Partial<Record<ItemReport["outcome"], number>> = {};
  for (const { outcome } of reports) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
