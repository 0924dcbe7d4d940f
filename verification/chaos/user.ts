import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { z } from "zod";
import { ApiError, type Client, createClient } from "../../src/api/client.js";
import type { executionView } from "../../src/api/execution-schemas.js";
import { ROUTES } from "../../src/api/routes.js";
import type { itemView, startBody } from "../../src/api/schemas.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import type { SeededRandom } from "../support/random.js";

export type ExecutionAnswer = z.output<typeof executionView>;
type ItemAnswer = z.output<typeof itemView>;
type Options = NonNullable<z.input<typeof startBody>["options"]>;

/** A request that changes something, and its result as far as its sender knows. */
export interface SentRequest {
  what: "start" | "confirm" | "validate" | "cancel";
  /** Its idempotency key, note or reason, by which its effect can be told from those of others. */
  mark: string;
  executionId: string;
  answer: "acknowledged" | "refused" | "unknown";
  /** When it was answered, in milliseconds since the epoch; 0 until then. */
  atMs: number;
}

/** An execution that the user saw to its end. */
export interface CompletedExecution {
  executionId: string;
  verb: Verb;
  status: string;
  goal: "success" | "rejection" | "cancel";
  last: ExecutionAnswer;
  /** When its end was seen, in milliseconds since the epoch. */
  atMs: number;
}

type StartedExecution = Pick<CompletedExecution, "executionId" | "verb" | "goal">;

const POLL_MS = 200;
const OPTIONS: Partial<Record<Verb, Options>> = {
  reprotect: { reprotect: { datastoreId: "sas-utr-02", waitForAgent: true } },
  "planned-failover": { acknowledgeNoTest: true },
  "unplanned-failover": { acknowledgeNoTest: true },
  failback: { acknowledgeNoTest: true },
};

/** A user who runs a plan over and back repeatedly, whatever happens to the host, and keeps a ledger of it. */
export class User {
  readonly requests: SentRequest[] = [];
  readonly completed: CompletedExecution[] = [];
  readonly #started = new Map<string, StartedExecution>();
  readonly #estate: { worldId: string; planId: string };
  readonly #url: () => string;
  readonly #random: SeededRandom;
  readonly #patienceMs: number;

  constructor(
    estate: { worldId: string; planId: string },
    url: () => string,
    random: SeededRandom,
    patienceMs = 240_000,
  ) {
    this.#estate = estate;
    this.#url = url;
    this.#random = random;
    this.#patienceMs = patienceMs;
  }

  /**
   * Starts a verb that the items allow, and drives it to its end. When the storage has lost writes, an earlier
   * execution may be running again. Then that one comes first.
   */
  async runNext(): Promise<CompletedExecution> {
    const items = await this.#items();
    const again = items.map(({ heldBy }) => this.#started.get(heldBy?.executionId ?? "")).find(Boolean);
    if (again) return this.runAgain(again);
    const verb = this.#choose(items);
    const goal = this.#chooseGoal(verb);
    const executionId = await this.#start(verb);
    return this.#runToEnd({ executionId, verb, goal });
  }

  /** Drives an execution to its end again, because the storage lost the first end. */
  async runAgain(before: StartedExecution): Promise<CompletedExecution> {
    const at = this.completed.findIndex(({ executionId }) => executionId === before.executionId);
    if (at >= 0) this.completed.splice(at, 1);
    return this.#runToEnd(before);
  }

  async #runToEnd({ executionId, verb, goal }: StartedExecution): Promise<CompletedExecution> {
    this.#started.set(executionId, { executionId, verb, goal });
    const last = await this.#driveToEnd(executionId, goal);
    const completed: CompletedExecution = { executionId, verb, status: last.status, goal, last, atMs: Date.now() };
    this.completed.push(completed);
    return completed;
  }

  #chooseGoal(verb: Verb): CompletedExecution["goal"] {
    if (verb === "planned-failover" || verb === "unplanned-failover" || verb === "failback") {
      if (this.#random.chance(15)) return "cancel";
      if (this.#random.chance(15)) return "rejection";
    }
    return "success";
  }

  #choose(items: readonly ItemAnswer[]): Verb {
    const go = this.#random.pick<readonly Verb[]>([
      ["planned-failover", "unplanned-failover", "failback", "test-failover"],
      ["unplanned-failover", "failback", "test-failover", "planned-failover"],
      ["test-failover", "failback", "planned-failover"],
    ]);
    const ahead = this.#random.pick<readonly Verb[]>([["commit"], ["commit"], ["commit"], ["cancel-failover"]]);
    const verb = (["test-clean-up", ...ahead, "commit", "reprotect", ...go] as const).find((one) =>
      isAllowed(items, one),
    );
    if (verb !== undefined) return verb;
    const states = [...new Set(items.map(({ state }) => state))].join(", ");
    throw new Error(`no verb is allowed: the items are ${states}`);
  }

  async #start(verb: Verb): Promise<string> {
    const mark = newMark();
    const request: SentRequest = { what: "start", mark, executionId: "", answer: "unknown", atMs: 0 };
    this.requests.push(request);
    const { body } = await this.#sendUntilAnswered(request, (client) =>
      client.call(ROUTES.startOnPlan, {
        params: { planId: this.#estate.planId },
        headers: { "idempotency-key": mark },
        body: { verb, options: OPTIONS[verb] ?? {} },
      }),
    );
    request.executionId = body.executionId;
    return body.executionId;
  }

  async #driveToEnd(executionId: string, goal: CompletedExecution["goal"]): Promise<ExecutionAnswer> {
    const cancelAt = goal === "cancel" ? this.#random.between(5, 60) : 101;
    let cancelled = false;
    const endMs = performance.now() + this.#patienceMs;
    for (;;) {
      const current = await this.getExecution(executionId);
      if (isEnded(current.status)) return current;
      if (performance.now() > endMs) {
        throw new Error(
          `execution ${executionId} (${current.verb}) is still ${current.status} at ${current.progress} %`,
        );
      }
      if (!cancelled && current.progress >= cancelAt) cancelled = await this.#cancel(executionId);
      for (const awaited of cancelled ? [] : current.awaits) await this.#answer(executionId, awaited, goal);
      await wait(POLL_MS);
    }
  }

  #cancel(executionId: string): Promise<boolean> {
    return this.#try("cancel", executionId, (client, reason) =>
      client.call(ROUTES.cancel, { params: { executionId }, body: { reason } }),
    );
  }

  async #answer(executionId: string, awaited: ExecutionAnswer["awaits"][number], goal: CompletedExecution["goal"]) {
    if (awaited.kind === "confirm") {
      await this.#try("confirm", executionId, (client, note) =>
        client.call(ROUTES.confirm, {
          params: { executionId },
          body: { actionId: awaited.actionId, ask: awaited.ask, note },
        }),
      );
    } else if (awaited.kind === "validate") {
      const verdict = goal === "rejection" ? "reject" : "accept";
      await this.#try("validate", executionId, (client, reason) =>
        client.call(ROUTES.validate, { params: { executionId }, body: { verdict, reason } }),
      );
    }
  }

  /** Sends a request once. The next poll shows whether it must be repeated. */
  async #try(
    what: SentRequest["what"],
    executionId: string,
    call: (client: Client, mark: string) => Promise<unknown>,
  ): Promise<boolean> {
    const request: SentRequest = {
      what,
      executionId,
      mark: newMark(),
      answer: "unknown",
      atMs: 0,
    };
    this.requests.push(request);
    try {
      await call(createClient(this.#url()), request.mark);
      acknowledged(request);
      return true;
    } catch (error) {
      if (isRefusal(error)) request.answer = "refused";
      return false;
    }
  }

  /** Repeats a request under the same key until it is answered. */
  async #sendUntilAnswered<T>(request: SentRequest, call: (client: Client) => Promise<T>): Promise<T> {
    const answer = await this.#untilAnswered(call, (refusal) => {
      request.answer = "refused";
      return refusal;
    });
    acknowledged(request);
    return answer;
  }

  getExecution(executionId: string): Promise<ExecutionAnswer> {
    return this.#untilAnswered(
      async (client) => (await client.call(ROUTES.getExecution, { params: { executionId } })).body,
    );
  }

  #items(): Promise<ItemAnswer[]> {
    const { worldId } = this.#estate;
    return this.#untilAnswered(
      async (client) =>
        (await client.call(ROUTES.listItems, { params: { worldId }, query: { limit: 100 } })).body.entries,
    );
  }

  async #untilAnswered<T>(
    call: (client: Client) => Promise<T>,
    refused: (error: unknown) => unknown = (error) => error,
  ): Promise<T> {
    const endMs = performance.now() + this.#patienceMs;
    for (;;) {
      try {
        return await call(createClient(this.#url()));
      } catch (error) {
        if (isRefusal(error)) throw refused(error);
        if (performance.now() > endMs) throw error;
        await wait(100);
      }
    }
  }
}

const newMark = (): string => `chaos-${randomUUID()}`;

function acknowledged(request: SentRequest): void {
  request.answer = "acknowledged";
  request.atMs = Date.now();
}

/** An answer of the product. After any other error the request is sent again, and until then its result is unknown. */
const isRefusal = (error: unknown): boolean =>
  error instanceof ApiError && error.problem.status < 500 && error.problem.status !== 429;

/** Only items outside of replication groups count, because a member of a group can't act alone. */
function isAllowed(items: readonly ItemAnswer[], verb: Verb): boolean {
  const alone = items.filter(({ replicationGroupId }) => replicationGroupId === null);
  const allows = ({ allowedActions }: ItemAnswer): boolean =>
    allowedActions.some((action) => action.verb === verb && action.allowed);
  // On the way home only some kinds of machines can be tested, and the others refuse the whole plan.
  return verb === "test-failover" ? alone.every(allows) : alone.some(allows);
}
