import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { z } from "zod";
import { ApiError, type Client, createClient } from "../../src/api/client.js";
import { ROUTES } from "../../src/api/routes.js";
import type { executionView, itemView, startBody } from "../../src/api/schemas.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import type { Random } from "./random.js";

export type ExecutionAnswer = z.output<typeof executionView>;
type ItemAnswer = z.output<typeof itemView>;
type Options = NonNullable<z.input<typeof startBody>["options"]>;

/** One request that changes something, and what became of it as far as its sender knows. */
export interface Asked {
  what: "start" | "confirm" | "validate" | "cancel";
  /** Signs the request, so that its effect can be told from others'. */
  by: string;
  executionId: string;
  answer: "acknowledged" | "refused" | "unknown";
  /** When it was answered, in milliseconds since the epoch; 0 until then. */
  atMs: number;
}

/** An execution that a user has seen to its end. */
export interface Lived {
  executionId: string;
  verb: Verb;
  status: string;
  wanted: "success" | "rejection" | "cancel";
  last: ExecutionAnswer;
  /** When its end was seen, in milliseconds since the epoch. */
  atMs: number;
}

type Begun = Pick<Lived, "executionId" | "verb" | "wanted">;

const ENDED: ReadonlySet<string> = new Set(["succeeded", "succeeded-with-failures", "failed", "cancelled"]);
const LOOK_EVERY_MS = 200;
const OPTIONS: Partial<Record<Verb, Options>> = {
  reprotect: { reprotect: { datastoreId: "sas-utr-02", waitForAgent: true } },
  "planned-failover": { acknowledgeNoTest: true },
  "unplanned-failover": { acknowledgeNoTest: true },
};

/** Somebody who plays a plan there and back for ever, whatever happens to the host, and keeps a ledger of it. */
export class User {
  readonly asked: Asked[] = [];
  readonly lived: Lived[] = [];
  readonly #begun = new Map<string, Begun>();
  readonly #estate: { worldId: string; planId: string };
  readonly #url: () => string;
  readonly #random: Random;
  readonly #patienceMs: number;

  constructor(estate: { worldId: string; planId: string }, url: () => string, random: Random, patienceMs = 240_000) {
    this.#estate = estate;
    this.#url = url;
    this.#random = random;
    this.#patienceMs = patienceMs;
  }

  /**
   * Starts what the items allow next, and sees it to its end. When the storage has gone back in time, an execution of
   * before is under way once more and comes first.
   */
  async liveOne(): Promise<Lived> {
    const items = await this.#items();
    const again = items.map(({ heldBy }) => this.#begun.get(heldBy?.executionId ?? "")).find(Boolean);
    if (again) return this.liveAgain(again);
    const verb = this.#choose(items);
    const wanted = this.#wish(verb);
    const executionId = await this.#start(verb);
    return this.#live({ executionId, verb, wanted });
  }

  /** Sees an execution to its end once more, since the storage has forgotten the first one. */
  async liveAgain(before: Begun): Promise<Lived> {
    const at = this.lived.findIndex(({ executionId }) => executionId === before.executionId);
    if (at >= 0) this.lived.splice(at, 1);
    return this.#live(before);
  }

  async #live({ executionId, verb, wanted }: Begun): Promise<Lived> {
    this.#begun.set(executionId, { executionId, verb, wanted });
    const last = await this.#seeThrough(executionId, wanted);
    const lived: Lived = { executionId, verb, status: last.status, wanted, last, atMs: Date.now() };
    this.lived.push(lived);
    return lived;
  }

  #wish(verb: Verb): Lived["wanted"] {
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
    throw new Error(`nothing can be done any more: the items are ${states}`);
  }

  async #start(verb: Verb): Promise<string> {
    const key = randomUUID();
    const by = `chaos-${randomUUID().slice(0, 8)}`;
    const asked: Asked = { what: "start", by, executionId: "", answer: "unknown", atMs: 0 };
    this.asked.push(asked);
    const { body } = await this.#insist(asked, (client) =>
      client.call(ROUTES.startOnPlan, {
        params: { planId: this.#estate.planId },
        headers: { "idempotency-key": key },
        body: { verb, requestedBy: by, options: OPTIONS[verb] ?? {} },
      }),
    );
    asked.executionId = body.executionId;
    return body.executionId;
  }

  async #seeThrough(executionId: string, wanted: Lived["wanted"]): Promise<ExecutionAnswer> {
    const cancelAt = wanted === "cancel" ? this.#random.between(5, 60) : 101;
    let cancelled = false;
    const endMs = performance.now() + this.#patienceMs;
    for (;;) {
      const seen = await this.look(executionId);
      if (ENDED.has(seen.status)) return seen;
      if (performance.now() > endMs) {
        throw new Error(`execution ${executionId} (${seen.verb}) is still ${seen.status} at ${seen.progress} %`);
      }
      if (!cancelled && seen.progress >= cancelAt) cancelled = await this.#cancel(executionId);
      for (const awaited of cancelled ? [] : seen.awaits) await this.#answer(executionId, awaited, wanted);
      await wait(LOOK_EVERY_MS);
    }
  }

  #cancel(executionId: string): Promise<boolean> {
    return this.#try("cancel", executionId, (client, by) =>
      client.call(ROUTES.cancel, { params: { executionId }, body: { by } }),
    );
  }

  async #answer(executionId: string, awaited: ExecutionAnswer["awaits"][number], wanted: Lived["wanted"]) {
    if (awaited.kind === "confirm") {
      await this.#try("confirm", executionId, (client, by) =>
        client.call(ROUTES.confirm, { params: { executionId }, body: { actionId: awaited.actionId, by } }),
      );
    } else if (awaited.kind === "validate") {
      const verdict = wanted === "rejection" ? "reject" : "accept";
      await this.#try("validate", executionId, (client, by) =>
        client.call(ROUTES.validate, { params: { executionId }, body: { verdict, by, reason: "chaos" } }),
      );
    }
  }

  /** Asks once; the next look shows whether it has to be asked again. */
  async #try(
    what: Asked["what"],
    executionId: string,
    call: (client: Client, by: string) => Promise<unknown>,
  ): Promise<boolean> {
    const asked: Asked = { what, executionId, by: `chaos-${randomUUID().slice(0, 8)}`, answer: "unknown", atMs: 0 };
    this.asked.push(asked);
    try {
      await call(createClient(this.#url()), asked.by);
      acknowledged(asked);
      return true;
    } catch (error) {
      if (isRefusal(error)) asked.answer = "refused";
      return false;
    }
  }

  /** Asks until there is an answer, under the same key. */
  async #insist<T>(asked: Asked, call: (client: Client) => Promise<T>): Promise<T> {
    const answer = await this.#untilAnswered(call, (refusal) => {
      asked.answer = "refused";
      return refusal;
    });
    acknowledged(asked);
    return answer;
  }

  look(executionId: string): Promise<ExecutionAnswer> {
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

function acknowledged(asked: Asked): void {
  asked.answer = "acknowledged";
  asked.atMs = Date.now();
}

/** Said by the product; anything else leaves open what became of the request. */
const isRefusal = (error: unknown): boolean => error instanceof ApiError && error.problem.status < 500;

/** What the items outside of replication groups say: those of a group do not go alone. */
function isAllowed(items: readonly ItemAnswer[], verb: Verb): boolean {
  const alone = items.filter(({ replicationGroupId }) => replicationGroupId === null);
  const allows = ({ allowedActions }: ItemAnswer): boolean =>
    allowedActions.some((action) => action.verb === verb && action.allowed);
  // On the way home some kinds of machines can be tested and others cannot, and those refuse the whole plan.
  return verb === "test-failover" ? alone.every(allows) : alone.some(allows);
}
