import { setTimeout as wait } from "node:timers/promises";
import type { z } from "zod";
import { ApiError } from "../../src/api/client.js";
import type { Problem } from "../../src/api/problem.js";
import { ROUTES } from "../../src/api/routes.js";
import type { Step } from "../../src/domain/execution.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";
import type { Journey } from "./http-plan.js";
import type { ExecutionAnswer } from "./running-app.js";

type SiteInput = WorldInput["sites"][number];
type MachineInput = WorldInput["machines"][number];
type ItemInput = NonNullable<WorldInput["items"]>[number];
type Change = (world: WorldInput) => void;
type Asked = Omit<z.input<typeof ROUTES.planPrerequisites.query>, "verb">;

/** Reprotects without waiting for anybody: the agent is waited for, and machines made anew have a datastore. */
export const REPROTECT = { reprotect: { waitForAgent: true, datastoreId: "ssd" } } as const;

/** Settings of a host that loses no time, but for what the emulated world itself takes. */
export const QUICK = { EMULATOR_DURATIONS: "zero", EMULATOR_SPEED: "1000" } as const;

/** Changes to an estate, one after the other. */
export const all =
  (...changes: Change[]): Change =>
  (world) => {
    for (const change of changes) change(world);
  };

export const site =
  (id: string, change: Partial<SiteInput>): Change =>
  ({ sites }) => {
    Object.assign(sites.find((candidate) => candidate.id === id) ?? {}, change);
  };

export const machines =
  (change: Partial<MachineInput>): Change =>
  (world) => {
    for (const machine of world.machines) Object.assign(machine, change);
  };

export const items =
  (change: Partial<ItemInput>): Change =>
  (world) => {
    for (const item of world.items ?? []) Object.assign(item, change);
  };

export const targets =
  (change: ItemInput["target"]): Change =>
  (world) => {
    for (const item of world.items ?? []) item.target = { ...item.target, ...change };
  };

/** One more datastore at home. */
export const datastore =
  (id: string): Change =>
  ({ sites: [home] }) => {
    home?.datastores?.push({ id, capacityGb: 9_000, freeGb: 9_000 });
  };

export const masterTargets =
  (change: Partial<NonNullable<SiteInput["masterTargets"]>[number]>): Change =>
  ({ sites: [home] }) => {
    for (const each of home?.masterTargets ?? []) Object.assign(each, change);
  };

/** Hosts of the home site. */
export const hosts =
  (change: Partial<NonNullable<SiteInput["hosts"]>[number]>): Change =>
  ({ sites: [home] }) => {
    for (const each of home?.hosts ?? []) Object.assign(each, change);
  };

/** The one link of an estate. */
export const link =
  (change: Partial<NonNullable<WorldInput["links"]>[number]>): Change =>
  (world) => {
    for (const each of world.links ?? []) Object.assign(each, change);
  };

/** Application and web as one replication group; they stand in one group of the plan. */
export const grouped: Change = (world) => {
  world.replicationGroups = [{ id: "front", name: "Front" }];
  for (const item of world.items ?? []) if (item.id !== "db") item.replicationGroupId = "front";
};

/** What a request was refused with. */
export async function refusalOf(call: Promise<unknown>): Promise<Problem> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ApiError) return thrown.problem;
  throw new Error("it was not refused");
}

/** What a verb would be told on the plan: codes of unmet prerequisites, each once, with errors and warnings apart. */
export async function unmet({ product, planId }: Journey, verb: Verb, asked: Asked = {}) {
  const call = { params: { planId }, query: { verb, ...asked } };
  const { ready, findings } = (await product.client.call(ROUTES.planPrerequisites, call)).body;
  const codes = (wanted: "error" | "warning") => [
    ...new Set(findings.filter(({ severity }) => severity === wanted).map(({ code }) => code)),
  ];
  return { ready, errors: codes("error"), warnings: codes("warning"), findings };
}

export async function pointsOf({ product, worldId }: Journey, itemId: string) {
  return (await product.client.call(ROUTES.listRecoveryPoints, { params: { worldId, itemId } })).body;
}

/** What the plan's items would start from and lose. */
export async function preview(
  { product, planId }: Journey,
  query: z.input<typeof ROUTES.previewPlanPoints.query> = {},
) {
  return (await product.client.call(ROUTES.previewPlanPoints, { params: { planId }, query })).body;
}

/** Makes an operation of one item be refused. */
export function refuse({ product, worldId }: Journey, itemId: string, operation: "shut-down-source") {
  const body = { target: { itemId }, operation, mode: "refuse" } as const;
  return product.client.call(ROUTES.addFault, { params: { worldId }, body });
}

/** Starts a verb on the plan, cancels it where it waits for its validation, and sees its end. */
export async function cancelledAtValidation(
  { product, planId }: Journey,
  verb: Verb,
  behaviour: "restore-protection" | "as-documented",
): Promise<ExecutionAnswer> {
  const executionId = await product.start(planId, { verb });
  await product.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "validate"));
  await product.client.call(ROUTES.cancel, { params: { executionId }, body: { behaviour } });
  return product.ended(executionId);
}

/** Every step of a tree, parents before their children. */
export const stepsOf = (steps: readonly Step[]): Step[] =>
  steps.flatMap((step) => [step, ...stepsOf(step.children ?? [])]);

/** Steps of one kind, such as `shut-down-source`, wherever they stand in the tree. */
export const stepsNamed = ({ steps }: ExecutionAnswer, name: string): Step[] =>
  stepsOf(steps).filter(({ id }) => id === name || id.endsWith(`/${name}`));

/** Asks until the answer is as wanted. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  const endMs = Date.now() + 45_000;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > endMs) throw new Error(`not reached: ${JSON.stringify(answer)}`);
    await wait(50);
  }
}

/** To the other site and committed there. */
export async function there(journey: Journey): Promise<void> {
  await journey.does("unplanned-failover", { acknowledgeNoTest: true });
  await journey.does("commit");
}

/** To the other site, and protected towards home. */
export async function thereAndProtected(journey: Journey): Promise<void> {
  await there(journey);
  await journey.does("reprotect", REPROTECT);
}
