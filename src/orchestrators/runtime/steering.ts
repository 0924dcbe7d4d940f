/**
 * How a workflow learns that it was steered.
 *
 * - S1 A workflow that nobody steers makes no call for it, so its history is the same as without this file.
 *   (test/replay/histories.test.ts)
 * - S2 Before each effect an activity compares what the workflow knows with the record, and refuses `steered` when there
 *   is more. So a lost event delays steering, but nothing begins against it. (test/orchestrators/edit.test.ts)
 * - S3 While the execution is paused the workflow waits for one event and asks for nothing. (test/orchestrators/pause.test.ts)
 * - S4 An edit changes only groups that have not begun. Items that it takes out are told so, and their sources run again.
 *   (test/orchestrators/edit.test.ts)
 */
import type { z } from "zod";
import { appliesTo } from "../../domain/approvals/requirement-rules.js";
import type { Steering } from "../../domain/steering/steering.js";
import { callActivity, type Durable } from "../../durable/call.js";
import type { ActivityContract } from "../../durable/contract.js";
import { failureOf } from "../../durable/refusal.js";
import {
  type ExecutionGroup,
  type ExecutionItem,
  type ExecutionPlan,
  type ItemReport,
  readSteering,
} from "../../executions/contracts.js";
import { askStepId, PAUSED_STEP } from "../../steps/plan-steps.js";
import type { ExecutionContext } from "./execution-workflow.js";

/** Calls an activity that has an effect. While the execution is paused it waits; then it takes in what was steered. */
export function* actAsSteered<I extends z.ZodType<object>, O extends z.ZodType>(
  execution: ExecutionContext,
  contract: ActivityContract<I, O>,
  input: (z.input<I> & object) | (() => z.input<I> & object),
): Durable<z.output<O>> {
  for (;;) {
    const { seen } = execution.steering;
    const asked = typeof input === "function" ? input() : input; // an edit may change what it is about
    try {
      return yield* callActivity(execution.context, contract, seen === 0 ? asked : { ...asked, seen });
    } catch (thrown) {
      if (failureOf(thrown).code !== "steered") throw thrown;
      yield* catchUp(execution);
    }
  }
}

/** Takes in what was steered, if anything was. */
export function* catchUpIfBehind(execution: ExecutionContext): Durable<void> {
  if (execution.steering.isBehind) yield* catchUp(execution);
}

function* catchUp(execution: ExecutionContext): Durable<void> {
  const { steering, progress } = execution;
  const { executionId } = execution.plan;
  let waited = false;
  for (;;) {
    const { revision, isPaused, news, plan } = yield* callActivity(execution.context, readSteering, {
      executionId,
      seen: steering.seen,
    });
    steering.seen = revision;
    steering.isBehind = false;
    take(execution, news, plan);
    if (!isPaused) break;
    if (!waited) progress.begin(PAUSED_STEP);
    waited = true;
    try {
      yield* execution.awaitSteering();
    } catch (thrown) {
      progress.end(PAUSED_STEP, "cancelled");
      throw thrown;
    }
  }
  if (waited) progress.end(PAUSED_STEP, "succeeded");
}

function take(execution: ExecutionContext, news: readonly Steering[], plan: ExecutionPlan | null): void {
  const { steering } = execution;
  for (const one of news) {
    if (one.action === "switch-to-unplanned") steering.switched = one;
    if (one.action === "retry") for (const itemId of one.itemIds) steering.retries.set(itemId, one);
  }
  const isChanged = news.some(({ action }) => action === "switch-to-unplanned" || action === "edit");
  if (isChanged) askForStartAgain(execution);
  if (plan === null) return;
  const before = execution.plan;
  execution.plan = { ...plan, groups: groupsAfterEdit(before, plan, steering.begun) };
  const still = new Set(execution.plan.groups.flatMap(({ items }) => items.map(({ id }) => id)));
  const edit = news.findLast((one) => one.action === "edit");
  for (const item of before.groups.flatMap(({ items }) => items)) {
    if (still.has(item.id)) continue;
    steering.takenOut.push(item);
    execution.reports.set(item.id, reportOfTakenOut(item.id, edit, execution.released.has(item.id)));
  }
}

/** What was approved before the start is not what happens any more. It is asked for again before the next group. */
function askForStartAgain({ plan, steering, approvals }: ExecutionContext): void {
  const { direction } = plan;
  const verb = steering.verbInForce(plan.verb);
  for (const requirement of plan.approvals ?? []) {
    if (requirement.before.kind === "start" && appliesTo(requirement, { verb, direction }))
      approvals.passed.delete(requirement.id);
  }
}

/** Groups that have begun stay as they are. The others are those of the edit, with items as the execution found them. */
function groupsAfterEdit(
  before: ExecutionPlan,
  { groups }: ExecutionPlan,
  begun: ReadonlySet<string>,
): ExecutionGroup[] {
  const kept = before.groups.filter(({ id }) => begun.has(id));
  const known = new Map(before.groups.flatMap(({ items }) => items).map((item) => [item.id, item]));
  for (const { id } of kept.flatMap(({ items }) => items)) known.delete(id);
  const rest = groups
    .filter(({ id }) => !begun.has(id))
    .map((group) => ({
      ...group,
      items: group.items.flatMap((item) => {
        const found = known.get(item.id);
        return found === undefined ? [] : [asEdited(found, item)];
      }),
    }));
  return [...kept, ...rest.filter(({ items }) => items.length > 0)];
}

/** What the plan says of an item comes from the edit; what the execution found of it stays. */
function asEdited(found: ExecutionItem, edited: ExecutionItem): ExecutionItem {
  const { onFailure: _policy, probes: _probes, ...facts } = found;
  const { criticality, onFailure, probes } = edited;
  return { ...facts, criticality, ...(onFailure && { onFailure }), ...(probes && { probes }) };
}

/** A machine whose source nobody has touched is where it was. */
const reportOfTakenOut = (itemId: string, edit: Steering | undefined, isReleased: boolean): ItemReport => ({
  itemId,
  outcome: isReleased ? "skipped" : "left-out",
  note: `taken out of the execution by ${edit?.person ?? "an edit"}${edit?.reason ? `: ${edit.reason}` : ""}`,
  failure: null,
  point: null,
  dataLoss: null,
  runningAtMs: null,
});

/**
 * The failed items that somebody asked to try again; null if there are none. They run again as after a question that was
 * answered with `retry`, so the request counts as one.
 */
export function retriesOf(execution: ExecutionContext, items: readonly ExecutionItem[]): ExecutionItem[] | null {
  const { steering, progress, reports } = execution;
  const asked = items.filter(({ id }) => steering.retries.has(id) && reports.get(id)?.outcome === "failed");
  const [first] = asked;
  const request = first && steering.retries.get(first.id);
  if (request === undefined) return null;
  execution.asks += 1;
  const id = askStepId(execution.asks);
  progress.begin(id);
  const why = request.reason === "" ? "" : `: ${request.reason}`;
  progress.end(
    id,
    "succeeded",
    `${request.person} asked to try again ${asked.map((item) => item.id).join(", ")}${why}`,
  );
  for (const item of asked) {
    steering.retries.delete(item.id);
    item.epoch += 1; // the failed attempt may have raised it
  }
  return asked;
}
