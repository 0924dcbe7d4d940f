import type { ItemReport, RunGroup, RunItem } from "../activities/contracts/execution.js";
import { RecoveryError } from "../domain/errors.js";
import { afterAnswer, afterGroup, strongest } from "../domain/plans/failure-policy.js";
import type { OnFailure } from "../domain/vocabulary.js";
import type { Durable } from "../durable/call.js";
import type { Decision } from "./contracts.js";
import type { Run } from "./run.js";
import { askStepId, retryStage } from "./step-ids.js";
import { stopIfCancelled } from "./stop-if-cancelled.js";

type Resolved = Extract<Decision, { kind: "resolve" }>;

/** How long a question waits for its answer; afterwards the story stops. */
const ASK_LIMIT_MS = 24 * 3_600_000;

/** What is done about a failure: the policy's word, or a person's when the policy says `ask`. */
export function* resolveFailure(run: Run, word: OnFailure, what: string): Durable<"retry" | OnFailure> {
  if (word !== "ask") return word;
  run.asks += 1;
  const ask = run.asks;
  const id = askStepId(ask);
  const resolves = (made: Decision): made is Resolved => made.kind === "resolve" && made.ask === ask;
  return yield* run.step(id, function* () {
    const answers = run.undo.isEmpty ? "retry, skip or stop" : "retry, skip, stop or undo";
    run.progress.awaitInput(id, `${what}. Answer ${answers}.`);
    const made = yield* run.decide(resolves, ASK_LIMIT_MS);
    if (made === undefined) throw new RecoveryError("stopped", `${what}, and nobody answered what to do`);
    run.progress.note(id, `${made.by} answered ${made.answer}${made.reason === "" ? "" : `: ${made.reason}`}`);
    return afterAnswer(made.answer);
  });
}

/** Ends the story as the word says, unless it goes on. Past the point of no return, an undo can only stop. */
export function endUnlessContinued(run: Run, word: "retry" | OnFailure, what: string): void {
  if (word === "undo" && !run.undo.isEmpty) throw new RecoveryError("undone-after-failure", what);
  if (word === "undo") throw new RecoveryError("stopped", `${what}; what was done before cannot be undone any more`);
  if (word === "stop") throw new RecoveryError("stopped", what);
}

/** How a stage is told: under which name, of which items, and for which time. */
export type TellStage = (stage: string, items: readonly RunItem[], attempt: number) => Durable<ItemReport[]>;

/**
 * Tells a stage and follows the policy of its groups: what failed is told again for as long as somebody answers
 * `retry`. A word that ends the story is thrown.
 */
export function* tellByPolicy(
  run: Run,
  stage: string,
  items: readonly RunItem[],
  groups: readonly RunGroup[],
  tell: TellStage,
): Durable<void> {
  let open = items;
  let name = stage;
  for (let attempt = 1; ; attempt += 1) {
    const reports = yield* tell(name, open, attempt);
    for (const report of reports) run.reports.set(report.itemId, report);
    stopIfCancelled(reports);
    if (!items.some((item) => outcomeOf(run, item) === "failed")) return;
    const what = whatFailed(run, groups);
    const next = yield* resolveFailure(run, strongest(groups.map((group) => wordOf(run, group))), what);
    if (next !== "retry") return endUnlessContinued(run, next, what);
    open = items.filter(({ id }) => run.reports.get(id)?.outcome === "failed");
    for (const item of open) item.epoch += 1; // the failed try may have raised it
    name = retryStage(run.asks, stage);
  }
}

const outcomeOf = (run: Run, { id }: RunItem): ItemReport["outcome"] => run.reports.get(id)?.outcome ?? "skipped";

function wordOf(run: Run, group: RunGroup): OnFailure {
  const members = group.items.map((item) => ({ ...item, outcome: outcomeOf(run, item) }));
  return afterGroup(run.plan.policy, group, members);
}

function whatFailed(run: Run, groups: readonly RunGroup[]): string {
  const items = groups.flatMap((group) => group.items);
  const failed = items.filter((item) => outcomeOf(run, item) === "failed").length;
  const names = groups.length === 1 ? `group ${groups[0]?.name}` : "the plan";
  return `${names} did not get through: ${failed} of ${items.length} items failed`;
}
