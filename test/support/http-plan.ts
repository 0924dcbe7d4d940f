import { randomUUID } from "node:crypto";
import type { z } from "zod";
import { ApiError } from "../../src/api/client.js";
import type { Problem } from "../../src/api/problem.js";
import { ROUTES } from "../../src/api/routes.js";
import type { itemDetail, itemView, startBody } from "../../src/api/schemas.js";
import type { Step } from "../../src/domain/execution.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { Scenario, Verb } from "../../src/domain/vocabulary.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";
import { estateOf, PROCESS_SERVER, REPROTECT } from "./estates.js";
import { type Answers, finish } from "./execution-driver.js";
import { type ExecutionAnswer, poll, type RunningApp } from "./running-app.js";

type Options = NonNullable<z.input<typeof startBody>["options"]>;
type PrerequisitesQuery = Omit<z.input<typeof ROUTES.planPrerequisites.query>, "verb">;
type ItemAnswer = z.output<typeof itemView>;

/** A plan over an estate of its own in a running app. It has the same verbs as `VirtualApp`. */
export class HttpPlan {
  readonly app: RunningApp;
  readonly worldId: string;
  readonly planId: string;

  private constructor(app: RunningApp, worldId: string, planId: string) {
    this.app = app;
    this.worldId = worldId;
    this.planId = planId;
  }

  /** Imports the estate of a scenario under new ids. */
  static async load(
    app: RunningApp,
    scenario: Scenario,
    change: (world: WorldInput, plan: PlanInput) => void = () => undefined,
  ): Promise<HttpPlan> {
    const { world, plan } = estateOf(scenario, `w-${randomUUID()}`);
    change(world, plan);
    await app.client.call(ROUTES.importWorld, { params: { worldId: world.id }, body: world });
    await app.client.call(ROUTES.savePlan, { params: { planId: plan.id }, body: plan });
    return new HttpPlan(app, world.id, plan.id);
  }

  /** The same plan in a host that was started over the same storage. */
  on(app: RunningApp): HttpPlan {
    return new HttpPlan(app, this.worldId, this.planId);
  }

  /** Runs a verb of the plan to its end and answers what it asks for. It must succeed. */
  async run(verb: Verb, options: Options = {}, answers: Answers = {}): Promise<ExecutionAnswer> {
    const execution = await this.attempt(verb, options, answers);
    if (execution.status === "succeeded") return execution;
    const failures = [execution.failure, ...(execution.outcomes ?? []).map(({ failure }) => failure)];
    throw new Error(`${verb} ended ${execution.status}: ${failures.map((failure) => failure?.message).join("; ")}`);
  }

  /** Runs a verb of the plan to any end and answers what it asks for. */
  async attempt(verb: Verb, options: Options = {}, answers: Answers = {}): Promise<ExecutionAnswer> {
    return finish(this.app, await this.app.start(this.planId, { verb, options }), answers);
  }

  /** Runs a verb of one item to any end. */
  async attemptOn(itemId: string, verb: Verb, options: Options = {}): Promise<ExecutionAnswer> {
    return finish(this.app, await this.app.startOnItem(this.worldId, itemId, { verb, options }));
  }

  /** The problem with which a verb of the plan is refused before it starts. */
  refused(verb: Verb, options: Options = {}): Promise<Problem> {
    return refusalOf(this.attempt(verb, options));
  }

  async failOverAndCommit(): Promise<void> {
    await this.run("unplanned-failover", { acknowledgeNoTest: true });
    await this.run("commit");
  }

  async failOverAndReprotect(): Promise<void> {
    await this.failOverAndCommit();
    await this.run("reprotect", REPROTECT);
  }

  /** Starts a verb and cancels it where it waits for its validation. */
  async cancelAtValidation(verb: Verb, behaviour: "restore-protection" | "as-documented"): Promise<ExecutionAnswer> {
    const { app } = this;
    const executionId = await app.start(this.planId, { verb });
    await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "validate"));
    await app.client.call(ROUTES.cancel, { params: { executionId }, body: { behaviour } });
    return app.ended(executionId);
  }

  items(): Promise<ItemAnswer[]> {
    return this.app.items(this.worldId);
  }

  async item(itemId: string): Promise<ItemAnswer> {
    const params = { worldId: this.worldId, itemId };
    return (await this.app.client.call(ROUTES.getItem, { params })).body;
  }

  async detail(itemId: string): Promise<z.output<typeof itemDetail>> {
    const params = { worldId: this.worldId, itemId };
    return (await this.app.client.call(ROUTES.getItem, { params })).body;
  }

  /** State, direction and site of the items, each combination once. */
  async positions(): Promise<string[]> {
    const items = await this.items();
    return [
      ...new Set(items.map(({ state, direction, activeSiteId }) => `${state}, ${direction}, at ${activeSiteId}`)),
    ];
  }

  /** The prerequisites of a verb that are not met: each code once, errors and warnings apart. */
  async unmet(verb: Verb, query: PrerequisitesQuery = {}) {
    const call = { params: { planId: this.planId }, query: { verb, ...query } };
    const { ready, findings } = (await this.app.client.call(ROUTES.planPrerequisites, call)).body;
    const codes = (wanted: "error" | "warning") => [
      ...new Set(findings.filter(({ severity }) => severity === wanted).map(({ code }) => code)),
    ];
    return { ready, errors: codes("error"), warnings: codes("warning"), findings };
  }

  async pointsOf(itemId: string) {
    const params = { worldId: this.worldId, itemId };
    return (await this.app.client.call(ROUTES.listRecoveryPoints, { params })).body;
  }

  /** The recovery point that each item would start from, and what it would lose. */
  async previewPoints(query: z.input<typeof ROUTES.previewPlanPoints.query> = {}) {
    return (await this.app.client.call(ROUTES.previewPlanPoints, { params: { planId: this.planId }, query })).body;
  }

  /** Makes the hypervisor refuse to shut a machine down. */
  async refuseShutdown(itemId: string): Promise<void> {
    const body = { target: { itemId }, operation: "shut-down-source", mode: "refuse" } as const;
    await this.app.client.call(ROUTES.addFault, { params: { worldId: this.worldId }, body });
  }

  /** Deploys a process server and waits until it is there. */
  async deployProcessServer(siteId: string, processServerId: string) {
    const params = { worldId: this.worldId, siteId, processServerId };
    const { body } = await poll(
      () => this.app.client.call(ROUTES.deployProcessServer, { params, body: PROCESS_SERVER }),
      (answer) => answer.body.server !== null,
    );
    return body.server;
  }
}

/** The problem with which a request was refused. */
export async function refusalOf(call: Promise<unknown>): Promise<Problem> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ApiError) return thrown.problem;
  throw new Error("it was not refused");
}

/** Writes that each item of an execution lost. */
export const lossesOf = ({ outcomes = [] }: ExecutionAnswer): (number | undefined)[] =>
  outcomes.map(({ dataLoss }) => dataLoss?.writes);

/** How the replication of each item was reversed. */
export const reversalsOf = ({ outcomes = [] }: ExecutionAnswer): (string | undefined)[] =>
  outcomes.map(({ replicated }) => replicated?.caughtUpBy);

/** Every step of a tree, parents before their children. */
export const stepsOf = (steps: readonly Step[]): Step[] =>
  steps.flatMap((step) => [step, ...stepsOf(step.children ?? [])]);

/** Steps of one kind, such as `shut-down-source`, anywhere in the tree. */
export const stepsNamed = ({ steps }: ExecutionAnswer, name: string): Step[] =>
  stepsOf(steps).filter(({ id }) => id === name || id.endsWith(`/${name}`));
