import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { z } from "zod";
import { ApiError, type Client } from "../src/api/client.js";
import { ROUTES } from "../src/api/routes.js";
import { UsageError } from "./arguments.js";
import type { ExecutionAnswer } from "./report.js";
import type { StepView } from "./step-view.js";

const SHOP = fileURLToPath(new URL("../../samples/shop/", import.meta.url));
const LOOK_EVERY_MS = 200;
const ENDED: ReadonlySet<string> = new Set(["succeeded", "succeeded-with-failures", "failed", "cancelled"]);

type WorldBody = z.input<typeof ROUTES.importWorld.body>;
type PlanBody = z.input<typeof ROUTES.savePlan.body>;

/** A world and its plan as they were written, and the files they are from. */
export interface Sample {
  readonly world: WorldBody & { id: string };
  readonly plan: PlanBody & { id: string };
  readonly worldFile: string;
  readonly planFile: string;
}

/** Reads the files; throws a {@link UsageError} for one that can't be read. Whether they make sense, the API says. */
export async function readSample(worldFile = `${SHOP}world.yaml`, planFile = `${SHOP}plan.yaml`): Promise<Sample> {
  const world = (await readDocument(worldFile)) as Sample["world"];
  const plan = (await readDocument(planFile)) as Sample["plan"];
  return { world, plan, worldFile, planFile };
}

/** Imports the world and saves the plan. */
export async function loadSample(client: Client, { world, plan, worldFile, planFile }: Sample): Promise<void> {
  await told(worldFile, client.call(ROUTES.importWorld, { params: { worldId: world.id }, body: world }));
  await told(planFile, client.call(ROUTES.savePlan, { params: { planId: plan.id }, body: plan }));
}

async function readDocument(file: string): Promise<{ id: string }> {
  const document = await parsed(file);
  if (typeof document === "object" && document !== null && "id" in document) {
    const { id } = document;
    if (typeof id === "string" && id !== "") return { ...document, id };
  }
  throw new UsageError(`${file} has no "id". Write it like samples/shop.`);
}

async function parsed(file: string): Promise<unknown> {
  try {
    return parse(await readFile(file, "utf8"), { prettyErrors: true }) as unknown;
  } catch (error) {
    const why = (error as Error).message.split("\n", 1)[0]?.replace(/:$/, "");
    throw new UsageError(`${file} can not be read: ${why}.`);
  }
}

async function told<T>(file: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const more = error.problem.details ?? error.problem.fields?.map(({ path, message }) => `${path}: ${message}`) ?? [];
    throw new UsageError([`${file}: ${error.message}`, ...more.slice(0, 10)].join("\n  "));
  }
}

/** Runs a verb on the plan to its end, doing what a person would: confirm each manual action, accept the result. */
export async function runVerb(
  client: Client,
  planId: string,
  verb: "planned-failover" | "commit",
  view: StepView,
): Promise<ExecutionAnswer> {
  const { body } = await client.call(ROUTES.startOnPlan, {
    params: { planId },
    headers: { "idempotency-key": randomUUID() },
    body: { verb, requestedBy: "demo" },
  });
  const params = { executionId: body.executionId };
  const answered = new Set<string>();
  for (;;) {
    const { body: execution } = await client.call(ROUTES.getExecution, { params });
    view.show(execution.steps);
    if (ENDED.has(execution.status)) return execution;
    await answer(client, execution, answered);
    await wait(LOOK_EVERY_MS);
  }
}

async function answer(client: Client, execution: ExecutionAnswer, answered: Set<string>): Promise<void> {
  const params = { executionId: execution.executionId };
  for (const awaited of execution.awaits) {
    const key = awaited.kind === "confirm" ? awaited.actionId : awaited.kind;
    if (answered.has(key)) continue;
    answered.add(key);
    if (awaited.kind === "confirm") {
      const body = { actionId: awaited.actionId, by: "demo", note: "looked, and it is there" };
      await client.call(ROUTES.confirm, { params, body });
    } else {
      await client.call(ROUTES.validate, { params, body: { verdict: "accept", by: "demo" } });
    }
  }
}
