/**
 * The verdict on a drill.
 *
 * - V1 A drill passes only if every machine of the plan was drilled, every check and objective was met, nothing is left, and
 *   production is known to be untouched.
 * - V2 What was not drilled is `incomplete`, never a success; what went wrong is `failed`, whatever else was not drilled.
 * - V3 A failure drill is judged by what its policy expects of each machine; objectives are those of a drill without faults.
 * - V4 A reason is given for everything that is no success.
 * Tests: test/unit/domain/drills/verdict.test.ts.
 */
import type { Execution, ItemOutcome, Step } from "../execution.js";
import type { Measure } from "../plans/measures.js";
import type { Plan } from "../plans/plan.js";
import { leavesOf } from "../steps.js";
import { counted, listed } from "../wording.js";
import type { CheckedItem, DrilledItem, DrillVerdict } from "./drill.js";
import { asExpected, unexpectedOf } from "./expectations.js";
import type { FailureDrill } from "./failure-drill.js";
import { predict, regressionsOf, type SizeClass, type Timing } from "./prediction.js";
import type { ProductionChange } from "./production.js";

/** What is known of a drill after its clean-up. */
export interface DrillFacts {
  at: string;
  plan: Plan;
  /** The execution that tested, and its steps. */
  test: Execution;
  steps: readonly Step[];
  /** The actions that ran to success, in the test and in its clean-up. */
  actions: readonly string[];
  measures: Measure | null;
  /** How long its steps took, and those of earlier drills, newest first. */
  timings: readonly Timing[];
  past: readonly (readonly Timing[])[];
  sizes: ReadonlyMap<string, SizeClass>;
  checks: readonly CheckedItem[];
  exposed: readonly string[];
  /** Why the clean-up is no success; null if it is. */
  cleanUpFailure: string | null;
  /** What is left of this drill; null if the estate could not be looked at. */
  leftovers: readonly string[] | null;
  /** What happened to production; null if it could not be looked at. */
  production: ProductionChange | null;
  tookOver: string | null;
  /** What was injected, and what was expected then. */
  failureDrill: FailureDrill | null;
}

const MAX_LINES = 200;
const cut = (lines: readonly string[]): string[] =>
  (lines.length <= MAX_LINES
    ? lines
    : [...lines.slice(0, MAX_LINES - 1), `and ${lines.length - MAX_LINES + 1} more`]
  ).map((line) => line.slice(0, 2_000));

export function verdictOf(facts: DrillFacts): DrillVerdict {
  const items = drilledItems(facts);
  const expected: ReadonlySet<string> = facts.failureDrill === null ? new Set() : asExpected(facts.failureDrill, items);
  const others = items.filter(({ itemId }) => !expected.has(itemId));
  const failures = failuresOf(facts, items, others);
  const gaps = gapsOf(others);
  const { production, leftovers, checks, tookOver } = facts;
  const leaves = leavesOf(facts.steps);
  const missing = leaves.filter(({ status }) => status !== "succeeded" && status !== "already-done");
  return {
    result: failures.length > 0 ? "failed" : gaps.length > 0 || tookOver !== null ? "incomplete" : "passed",
    notRun: null,
    because: cut([...failures, ...gaps, ...(tookOver === null ? [] : [tookOver])]),
    at: facts.at,
    items,
    steps: {
      executed: leaves.length - missing.length,
      notExecuted: cut(missing.map(({ title, itemId, status }) => `${title}${of(itemId)}: ${status}`)),
    },
    actions: [...facts.actions],
    checks: [...checks],
    measures: facts.measures,
    timings: [...facts.timings],
    predictedSeconds: predict(facts.plan, facts.sizes, facts.past).medianSeconds,
    regressions: cut(regressionsOf(facts.timings, facts.past)),
    leftovers: cut(leftovers ?? []),
    production: {
      untouched: production === null ? null : production.changes.length === 0 && facts.exposed.length === 0,
      changes: cut([...(production?.changes ?? []), ...facts.exposed]),
      byOthers: cut(production?.byOthers ?? []),
    },
    tookOver,
    onlyGreen: facts.failureDrill === null,
  };
}

const of = (itemId: string | undefined): string => (itemId === undefined ? "" : ` of ${itemId}`);

/** Every machine of the plan, and whether its copy ran in this drill. */
function drilledItems({ plan, test }: DrillFacts): DrilledItem[] {
  const outcomes = new Map("outcomes" in test ? test.outcomes.map((one) => [one.itemId, one]) : []);
  const left = new Map((test.leftOut ?? []).map((one) => [one.itemId, one]));
  return plan.groups.flatMap(({ id: groupId, items }) =>
    items.map(({ id: itemId }): DrilledItem => {
      const outcome = outcomes.get(itemId);
      if (outcome !== undefined) return drilledItem(groupId, outcome);
      const out = left.get(itemId);
      const because = out?.failure.message ?? "the test did not get to it";
      return { itemId, groupId, drilled: false, outcome: out?.outcome ?? "untouched", because };
    }),
  );
}

function drilledItem(groupId: string, { itemId, outcome, failure, note }: ItemOutcome): DrilledItem {
  const drilled = outcome === "succeeded";
  const why = failure?.message ?? note;
  return { itemId, groupId, drilled, outcome, because: drilled ? null : (why ?? `it ended ${outcome}`) };
}

/** @param others the items that did not come to an end that was expected */
function failuresOf(facts: DrillFacts, items: readonly DrilledItem[], others: readonly DrilledItem[]): string[] {
  const { plan, test, measures, checks, leftovers, production, cleanUpFailure, exposed } = facts;
  const { passCriteria = { recoveryTime: true, dataLoss: true } } = plan.drill ?? {};
  const { failureDrill } = facts;
  const isMeasured = failureDrill === null;
  const failed = others.filter(({ outcome }) => outcome === "failed" || outcome === "cancelled");
  return [
    ...(failureDrill === null ? [] : unexpectedOf(failureDrill, items)),
    ...("failure" in test && (isMeasured || failed.length > 0)
      ? [`the test ${test.status}: ${test.failure.message}`]
      : []),
    ...failed.map(({ itemId, because }) => `${itemId} failed: ${because}`),
    ...checks.filter(({ passed }) => !passed).map(({ itemId, saw }) => `${itemId} did not pass its checks: ${saw}`),
    ...(isMeasured && passCriteria.recoveryTime && measures?.rtoMet === false
      ? ["the recovery time objective was missed"]
      : []),
    ...(isMeasured && passCriteria.dataLoss && measures?.rpoMet === false
      ? ["the recovery point objective was missed"]
      : []),
    ...(cleanUpFailure === null ? [] : [`the clean-up is no success: ${cleanUpFailure}`]),
    ...(leftovers === null ? ["nobody could see whether something is left"] : []),
    ...(leftovers ?? []).map((what) => `still there: ${what}`),
    ...(production === null ? ["nobody could see whether production was touched"] : production.changes),
    ...exposed,
  ];
}

/** What was not drilled. A machine that failed is a failure and no gap. */
function gapsOf(others: readonly DrilledItem[]): string[] {
  const gaps = others.filter(({ drilled, outcome }) => !drilled && outcome !== "failed" && outcome !== "cancelled");
  if (gaps.length === 0) return [];
  const names = listed(gaps.map(({ itemId }) => itemId));
  return [
    `${counted(gaps.length, "machine")} not drilled: ${names}`,
    ...gaps.map(({ itemId, because }) => `${itemId}: ${because}`),
  ];
}
