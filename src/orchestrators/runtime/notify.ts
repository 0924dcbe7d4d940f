/**
 * Notifications: what an execution tells whoever wants to know (A7). The outbox does the rest.
 *
 * - N1 Each event is in the outbox before the execution goes on, and is sent until it is taken or given up.
 *   (test/orchestrators/notifications.test.ts)
 * - N2 No notification holds a recovery up for longer than one short call, and none makes it fail.
 *   (test/orchestrators/notifications.test.ts)
 * - N3 A notification that was not taken is in the execution's record, with the reason and the next attempt.
 *   (test/orchestrators/notifications.test.ts)
 */
import type { OrchestrationContext } from "durable-functions";
import type { Failure } from "../../domain/execution.js";
import type { ExecutionEventKind } from "../../domain/notifications/event.js";
import { callActivity, type Durable } from "../../durable/call.js";
import { type ExecutionPlan, type ItemReport, publishEvent } from "../../executions/contracts.js";

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
  readonly #planOf: () => ExecutionPlan;
  readonly #told = new Set<string>();
  #events = 0;

  constructor(context: OrchestrationContext, planOf: () => ExecutionPlan) {
    this.#context = context;
    this.#planOf = planOf;
  }

  /** Tells an event to whoever wants it. */
  *tell(kind: ExecutionEventKind, details: Readonly<Record<string, unknown>>): Durable<void> {
    const { executionId, worldId, verb, direction, plan } = this.#planOf();
    this.#events += 1;
    const key = `notification/${this.#events}`;
    const at = this.#context.df.currentUtcDateTime.toISOString();
    const news = { plan, worldId, verb, direction, ...details };
    try {
      yield* callActivity(this.#context, publishEvent, { executionId, key, kind, at, news });
    } catch {
      // Nobody can be told now. The recovery goes on.
    }
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
