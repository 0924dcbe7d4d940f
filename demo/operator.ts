import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { z } from "zod";
import { ApiError, type Client } from "../src/api/client.js";
import { ROUTES } from "../src/api/routes.js";
import type { startBody } from "../src/api/schemas.js";
import type { Verb } from "../src/domain/vocabulary.js";
import { UsageError } from "./arguments.js";
import type { ExecutionAnswer } from "./report.js";
import { readDocument } from "./samples.js";
import type { StepView } from "./step-view.js";

const POLL_INTERVAL_MS = 200;
const ENDED: ReadonlySet<string> = new Set(["succeeded", "succeeded-with-failures", "failed", "cancelled"]);

type WorldBody = z.input<typeof ROUTES.importWorld.body>;
type PlanBody = z.input<typeof ROUTES.savePlan.body>;
export type StartOptions = NonNullable<z.input<typeof startBody>["options"]>;

/** A world and a plan as their files say, and those files. */
export interface Estate {
  readonly world: WorldBody & { id: string };
  readonly plan: PlanBody & { id: string };
  readonly worldFile: string;
  readonly planFile: string;
}

/** A world and a plan that the host has. */
export interface Loaded {
  readonly worldId: string;
  readonly planId: string;
}

/** Reads the files. Throws a {@link UsageError} for one that can't be read. The API checks what is in them. */
export async function readEstate(worldFile: string, planFile: string): Promise<Estate> {
  const world = withId<Estate["world"]>(await readDocument(worldFile), worldFile);
  const plan = withId<Estate["plan"]>(await readDocument(planFile), planFile);
  return { world, plan, worldFile, planFile };
}

/** Imports the world, also over the one of an earlier demo, and saves the plan. */
export async function loadEstate(client: Client, { world, plan, worldFile, planFile }: Estate): Promise<Loaded> {
  const importing = { params: { worldId: world.id }, query: { mode: "reset" as const }, body: world };
  await namingFile(worldFile, client.call(ROUTES.importWorld, importing));
  await namingFile(planFile, client.call(ROUTES.savePlan, { params: { planId: plan.id }, body: plan }));
  return { worldId: world.id, planId: plan.id };
}

function withId<T extends { id: string }>(document: unknown, file: string): T {
  const id = typeof document === "object" && document !== null && "id" in document ? document.id : undefined;
  if (typeof id === "string" && id !== "") return document as T;
  throw new UsageError(`${file} has no "id". Write it like samples/shop.`);
}

/** Turns a problem that the API found into a usage error that names the file. */
async function namingFile<T>(file: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const more = error.problem.details ?? error.problem.fields?.map(({ path, message }) => `${path}: ${message}`) ?? [];
    throw new UsageError([`${file}: ${error.message}`, ...more.slice(0, 10)].join("\n  "));
  }
}

/** Runs a verb on the plan to its end and answers as an operator does: confirms each manual action, accepts the result. */
export async function runVerb(
  client: Client,
  planId: string,
  verb: Verb,
  view: StepView,
  options: StartOptions = {},
): Promise<ExecutionAnswer> {
  const { body } = await client.call(ROUTES.startOnPlan, {
    params: { planId },
    headers: { "idempotency-key": randomUUID() },
    body: { verb, options },
  });
  const params = { executionId: body.executionId };
  const answered = new Set<string>();
  for (;;) {
    const { body: execution } = await client.call(ROUTES.getExecution, { params });
    view.show(execution.steps);
    if (ENDED.has(execution.status)) return execution;
    await answer(client, execution, answered);
    await wait(POLL_INTERVAL_MS);
  }
}

type Awaited = ExecutionAnswer["awaits"][number];

async function answer(client: Client, execution: ExecutionAnswer, answered: Set<string>): Promise<void> {
  for (const awaited of execution.awaits) {
    const key = JSON.stringify(awaited);
    if (answered.has(key)) continue;
    answered.add(key);
    await answerOne(client, execution.executionId, awaited);
  }
}

/** The demo makes nothing fail, so an unexpected failure stops the execution. */
async function answerOne(client: Client, executionId: string, awaited: Awaited): Promise<void> {
  const params = { executionId };
  switch (awaited.kind) {
    case "confirm": {
      const { actionId, ask } = awaited;
      const body = { actionId, ask, note: "looked, and it is there" };
      await client.call(ROUTES.confirm, { params, body });
      return;
    }
    case "resolve":
      await client.call(ROUTES.resolve, { params, body: { ask: awaited.ask, answer: "stop" } });
      return;
    case "validate":
      await client.call(ROUTES.validate, { params, body: { verdict: "accept" } });
      return;
    case "call-back":
      return; // its receiver answers
  }
}
