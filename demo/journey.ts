import { setTimeout as wait } from "node:timers/promises";
import type { z } from "zod";
import { ApiError, type Client } from "../src/api/client.js";
import { ROUTES } from "../src/api/routes.js";
import type { itemView } from "../src/api/schemas.js";
import type { Verb } from "../src/domain/vocabulary.js";
import { type Loaded, runVerb } from "./operator.js";
import type { ExecutionAnswer } from "./report.js";
import type { Journey } from "./samples.js";
import { type Screen, StepView } from "./step-view.js";

export type ItemAnswer = z.output<typeof itemView>;

/** The result of a journey: every execution in order, where the items are now, and why the journey stopped. */
export interface Travelled {
  readonly executions: readonly ExecutionAnswer[];
  readonly items: readonly ItemAnswer[];
  /** Null when everything is home and protected again. */
  readonly stopped: string | null;
}

const PAGE = 100;
const POLL_INTERVAL_MS = 250;
/** After this time the verb starts without points, and its own refusal says what is missing. */
const POINTS_TIMEOUT_MS = 60_000;

/**
 * Plays a plan there and back: tested once, failed over, committed, reprotected, failed back, committed, reprotected.
 * The next verb is the first of these that the items allow, so the journey ends where the product does.
 */
export async function playThereAndBack(
  client: Client,
  loaded: Loaded,
  journey: Journey,
  screen: Screen,
): Promise<Travelled> {
  const executions: ExecutionAnswer[] = [];
  for (;;) {
    const items = await itemsOf(client, loaded);
    const end = (stopped: string | null): Travelled => ({ executions, items, stopped });
    const verb = nextVerb(items, journey, executions);
    if (verb === null) return end(isHome(items, executions) ? null : whyNoFurther(items, journey));
    await prepare(client, loaded, journey, verb, screen);
    await awaitPoints(client, loaded, journey, verb, screen);
    screen.write(`\n${verb}\n\n`);
    const execution = await started(() =>
      runVerb(client, loaded.planId, verb, new StepView(screen), journey.options[verb]),
    );
    if (typeof execution === "string") return end(`${verb} was refused: ${execution}`);
    executions.push(execution);
    if (execution.status === "failed" || execution.status === "cancelled") {
      return {
        ...end(`${verb} ${execution.status}: ${execution.failure?.message}`),
        items: await itemsOf(client, loaded),
      };
    }
  }
}

/** The execution, or why the API refused to start it. */
async function started(run: () => Promise<ExecutionAnswer>): Promise<ExecutionAnswer | string> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
}

async function itemsOf(client: Client, { worldId, planId }: Loaded): Promise<ItemAnswer[]> {
  const { body } = await client.call(ROUTES.getPlan, { params: { planId } });
  const wanted = new Set(body.plan.groups.flatMap(({ items }) => items.map(({ id }) => id)));
  const found: ItemAnswer[] = [];
  let cursor: string | undefined;
  do {
    const query = { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    const page = await client.call(ROUTES.listItems, { params: { worldId }, query });
    found.push(...page.body.entries.filter(({ itemId }) => wanted.has(itemId)));
    cursor = page.body.cursor;
  } while (cursor !== undefined);
  return found;
}

/** The first candidate that the items allow and that was not the last verb. */
function nextVerb(items: readonly ItemAnswer[], journey: Journey, executions: readonly ExecutionAnswer[]): Verb | null {
  const last = executions.at(-1)?.verb;
  return candidatesOf(items, journey, executions).find((verb) => verb !== last && isAllowed(items, verb)) ?? null;
}

function candidatesOf(
  items: readonly ItemAnswer[],
  { there }: Journey,
  executions: readonly ExecutionAnswer[],
): Verb[] {
  if (isHome(items, executions)) return [];
  const tested = items.every(({ lastTestFailoverAt }) => lastTestFailoverAt !== null);
  return ["test-clean-up", "commit", "reprotect", "failback", ...(tested ? [] : (["test-failover"] as const)), there];
}

/** Items of a replication group refuse verbs that the plan may run on the whole group, so the other items decide. */
function isAllowed(items: readonly ItemAnswer[], verb: Verb): boolean {
  const alone = items.filter(({ replicationGroupId }) => replicationGroupId === null);
  return (alone.length === 0 ? items : alone).some(({ allowedActions }) =>
    allowedActions.some((action) => action.verb === verb && action.allowed),
  );
}

const isHome = (items: readonly ItemAnswer[], executions: readonly ExecutionAnswer[]): boolean =>
  executions.some(({ verb }) => verb === "failback") &&
  items.every(({ state, direction }) => state === "protected" && direction === "primary-to-recovery");

function whyNoFurther([first]: readonly ItemAnswer[], { there }: Journey): string {
  const refused = first?.allowedActions.find(
    ({ verb }) => verb === (first.direction === "primary-to-recovery" ? there : "failback"),
  );
  return `${first?.itemId} is ${first?.state}: ${refused?.because ?? "nothing more was asked for"}`;
}

/** Deploys the process server of the journey when a prerequisite asks for one. */
async function prepare(client: Client, loaded: Loaded, journey: Journey, verb: Verb, screen: Screen): Promise<void> {
  const { processServer } = journey;
  if (processServer === undefined) return;
  const { body } = await client.call(ROUTES.planPrerequisites, { params: { planId: loaded.planId }, query: { verb } });
  const missing = body.findings.find(({ code }) => code === "process-server");
  if (missing === undefined) return;
  screen.write(`\n${verb} needs a process server: ${missing.found}. Deploying ${processServer.processServerId} …\n`);
  const { siteId, processServerId, ...place } = processServer;
  const params = { worldId: loaded.worldId, siteId, processServerId };
  for (;;) {
    const deployment = await client.call(ROUTES.deployProcessServer, { params, body: place });
    if (deployment.body.state === "deployed") break;
    await wait(POLL_INTERVAL_MS);
  }
  screen.write("It is there.\n");
}

/** Waits for points: soon after a reprotect there may be none of the kind that the journey asks for. */
async function awaitPoints(
  client: Client,
  { planId }: Loaded,
  { options }: Journey,
  verb: Verb,
  screen: Screen,
): Promise<void> {
  const kind = options[verb]?.recoveryPoint?.kind;
  if (kind !== "latest-crash-consistent" && kind !== "latest-app-consistent") return;
  const endMs = performance.now() + POINTS_TIMEOUT_MS;
  for (let announced = false; performance.now() < endMs; announced = true) {
    const { body } = await client.call(ROUTES.previewPlanPoints, { params: { planId }, query: { kind } });
    const without = body.items.filter(({ answer }) => answer === "none").map(({ itemId }) => itemId);
    if (without.length === 0) return;
    if (!announced) screen.write(`\n${verb} waits for the first recovery points of ${without.join(", ")} …\n`);
    await wait(POLL_INTERVAL_MS);
  }
}
