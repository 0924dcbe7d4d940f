import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import type { z } from "zod";
import { ROUTES } from "../../src/api/routes.js";
import type { itemView, startBody } from "../../src/api/schemas.js";
import type { Scenario, Verb } from "../../src/domain/vocabulary.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";
import { estateOf } from "./estates.js";
import type { ExecutionAnswer, Product } from "./running-app.js";

type Options = NonNullable<z.input<typeof startBody>["options"]>;
export type ItemAnswer = z.output<typeof itemView>;

/** One estate on its way there and back over HTTP, told verb by verb. */
export class Journey {
  readonly product: Product;
  readonly worldId: string;
  readonly planId: string;

  private constructor(product: Product, worldId: string, planId: string) {
    this.product = product;
    this.worldId = worldId;
    this.planId = planId;
  }

  /** The same journey on a host that was started over the same storage. */
  on(product: Product): Journey {
    return new Journey(product, this.worldId, this.planId);
  }

  /** Imports the estate of a scenario under ids of its own, changed as the story needs it. */
  static async begin(product: Product, scenario: Scenario, change: (world: WorldInput) => void = () => undefined) {
    const estate = estateOf(scenario, `w-${randomUUID()}`);
    change(estate.world);
    const journey = new Journey(product, estate.world.id, estate.plan.id);
    const { client } = product;
    await client.call(ROUTES.importWorld, { params: { worldId: journey.worldId }, body: estate.world });
    await client.call(ROUTES.savePlan, { params: { planId: journey.planId }, body: estate.plan });
    return journey;
  }

  /** Runs a verb of the plan until it has ended, accepting what it brings up. */
  async run(verb: Verb, options: Options = {}): Promise<ExecutionAnswer> {
    return this.#toItsEnd(await this.product.start(this.planId, { verb, options }));
  }

  /** The same, and it must succeed. */
  async does(verb: Verb, options: Options = {}): Promise<ExecutionAnswer> {
    const execution = await this.run(verb, options);
    const failures = execution.outcomes?.map(({ failure }) => failure?.message);
    expect(execution.status, `${verb}: ${execution.failure?.message} ${failures?.join("; ")}`).toBe("succeeded");
    return execution;
  }

  /** Runs a verb on one item alone. */
  async runOn(itemId: string, verb: Verb, options: Options = {}): Promise<ExecutionAnswer> {
    const { body } = await this.product.client.call(ROUTES.startOnItem, {
      params: { worldId: this.worldId, itemId },
      headers: { "idempotency-key": randomUUID() },
      body: { verb, options },
    });
    return this.#toItsEnd(body.executionId);
  }

  async #toItsEnd(executionId: string): Promise<ExecutionAnswer> {
    const ended = ["succeeded", "succeeded-with-failures", "failed", "cancelled"];
    const seen = await this.product.until(
      executionId,
      ({ status, awaits }) => ended.includes(status) || awaits.length > 0,
    );
    if (seen.awaits.length > 0) await this.product.validate(executionId, { verdict: "accept" });
    return this.product.ended(executionId);
  }

  items(): Promise<ItemAnswer[]> {
    return this.product.items(this.worldId);
  }

  async item(itemId: string): Promise<ItemAnswer> {
    const params = { worldId: this.worldId, itemId };
    return (await this.product.client.call(ROUTES.getItem, { params })).body;
  }

  /** Where all items are, said once when they are together. */
  async where(): Promise<string[]> {
    const items = await this.items();
    return [
      ...new Set(items.map(({ state, direction, activeSiteId }) => `${state}, ${direction}, at ${activeSiteId}`)),
    ];
  }

  /** Asks for a process server until it has appeared. */
  async untilDeployed(params: { worldId: string; siteId: string; processServerId: string }) {
    const endMs = Date.now() + 45_000;
    for (;;) {
      const { body } = await this.product.client.call(ROUTES.deployProcessServer, { params });
      if (body.server !== null) return body.server;
      if (Date.now() > endMs) throw new Error(`not deployed: ${JSON.stringify(body)}`);
      await wait(50);
    }
  }
}

/** Writes that each item of an execution lost. */
export const lossesOf = ({ outcomes = [] }: ExecutionAnswer): (number | undefined)[] =>
  outcomes.map(({ dataLoss }) => dataLoss?.writes);

/** How each item's replication turned round. */
export const turnsOf = ({ outcomes = [] }: ExecutionAnswer): (string | undefined)[] =>
  outcomes.map(({ replicated }) => replicated?.caughtUpBy);
