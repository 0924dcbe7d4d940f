import type { z } from "zod";
import type { Failure, ItemOutcome } from "../../domain/execution.js";
import { endStatus } from "../../domain/plans/failure-policy.js";
import type { Progress } from "../../durable/progress.js";
import type { closeExecution, ExecutionItem, ExecutionPlan, ItemReport } from "../../executions/contracts.js";
import { withReasons } from "./reasons.js";

export const NOTHING_RECOVERED = "no machine came through; the outcome of each says why";

const CANCELLED: Failure = { code: "cancelled", message: "cancelled before its end" };

/** What an ending is made of; an `ExecutionContext` has it. */
interface EndingInput {
  items: readonly ExecutionItem[];
  reports: ReadonlyMap<string, ItemReport>;
  /** What is left of tests of each item. */
  left: ReadonlyMap<string, readonly string[]>;
  cancel: unknown;
  plan: Pick<ExecutionPlan, "leftOut">;
  failedActions: number;
  touched: boolean;
  progress: Pick<Progress, "packed">;
}

/** What is recorded at the end of an execution. */
export type Ending = Omit<z.input<typeof closeExecution.input>, "executionId">;

/** How an execution ends: its status, its failure, and the report of every item. */
export function endingOf(execution: EndingInput, failure: Failure | null): Ending {
  const known = execution.items.map(({ id }) => execution.reports.get(id) ?? reportOfUnbegun(id, failure));
  const reports = withReasons(known, failure).map((report) => withLeft(report, execution.left.get(report.itemId)));
  const cancelled = failure?.code === "cancelled" || execution.cancel !== undefined;
  const outcomes = [...reports, ...execution.plan.leftOut];
  const reached = endStatus({ outcomes, failedActions: execution.failedActions, cancelled });
  const status = failure !== null && !cancelled ? "failed" : reached;
  const nothingDone = { code: "operation-failed", message: NOTHING_RECOVERED };
  return {
    status,
    failure: status === "failed" || status === "cancelled" ? (failure ?? (cancelled ? CANCELLED : nothingDone)) : null,
    touched: execution.touched,
    reports,
    steps: execution.progress.packed,
  };
}

/** The report with what is left of tests of the item. */
function withLeft(report: ItemReport, left: readonly string[] = []): ItemReport {
  const [first] = left;
  if (first === undefined || report.note?.includes(first)) return report;
  const notes = report.note === undefined ? left : [report.note, ...left];
  return { ...report, note: notes.join("; ").slice(0, 2_000) };
}

/** The report of an item that is already where the verb would bring it (B.4), or that the verb does not apply to. */
export const reportOfUntouched = ({ id, notApplicable }: ExecutionItem): ItemReport => ({
  itemId: id,
  ...(notApplicable === null ? { outcome: "already-done" } : { outcome: "not-applicable", note: notApplicable }),
  failure: null,
  point: null,
  dataLoss: null,
  runningAtMs: null,
});

/** The failure of the execution is not that of an item that never began: `withReasons` says why it did not. */
function reportOfUnbegun(itemId: string, failure: Failure | null): ItemReport {
  const outcome: ItemOutcome["outcome"] = failure?.code === "cancelled" ? "cancelled" : "skipped";
  return { itemId, outcome, failure: null, point: null, dataLoss: null, runningAtMs: null };
}
