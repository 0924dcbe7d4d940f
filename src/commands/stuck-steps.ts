import type { Execution, Step } from "../domain/execution.js";
import type { NextStep } from "../domain/executions/next-steps.js";
import { failoverTypeOf } from "../domain/plans/failover-type.js";
import type { Plan } from "../domain/plans/plan.js";
import { type LimitedStep, minutesAt, stepLimitsOf } from "../domain/plans/step-limits.js";
import { movedMs, verbInForce } from "../domain/steering/in-force.js";
import { leavesOf } from "../domain/steps.js";
import { toInstant, toMs } from "../domain/text.js";
import { MOVES, type Verb } from "../domain/vocabulary.js";
import { listed } from "../domain/wording.js";
import type { Context } from "./context.js";

/** What a person can do about a step that is stuck. */
export type StuckChoice = "wait" | "continue-without" | "cancel";

/** A step of a machine that hangs or takes unusually long. The execution goes on without a decision at `until`. */
export interface StuckStep {
  kind: "continue-without";
  itemId: string;
  /** Its id in the tree. */
  stepId: string;
  title: string;
  /** Real time, as `until`. */
  since: string;
  until: string;
  onExpiry: string;
  call: Pick<NextStep, "method" | "path" | "body">;
  /** Emulated minutes, as in the plan. */
  limitMinutes: number;
  choices: StuckChoice[];
  asks: string;
}

/** Executions that can be left half way. */
const CANCELLABLE: ReadonlySet<Verb> = new Set([...MOVES, "promote-test", "reprotect"]);

/** The steps of items in a tree that are stuck, each with what a person can do about it. */
export function stuckSteps(
  { settings, clock }: Pick<Context, "settings" | "clock">,
  execution: Execution,
  plan: Plan | null,
  tree: readonly Step[],
): StuckStep[] {
  const stuck = leavesOf(tree).filter(({ status, itemId }) => status === "awaiting-input" && itemId !== undefined);
  if (stuck.length === 0) return [];
  const msPerMinute = 60_000 / settings.speed;
  const general = settings.stepLimitMs / msPerMinute;
  const limits = stepLimitsOf(plan?.stepLimitMinutes ?? {}, verbInForce(execution), general);
  const canCancel = CANCELLABLE.has(execution.verb) && execution.cancelRequest === undefined;
  return stuck.map(({ id, title, itemId = "", startedAt = execution.requestedAt, detail }) => {
    const limitMinutes = limits[nameOf(id) as LimitedStep] ?? general;
    const moved = movedMs(execution, (stepId) => stepId === id, toMs(startedAt), clock.now());
    const until = toInstant(toMs(startedAt) + limitMinutes * msPerMinute + moved);
    const asks = [
      `${itemId}: the step "${title}" has not ended since ${startedAt}: ${detail ?? "it hangs or takes unusually long"}.`,
      `It is given up at ${until}, after ${minutesAt(settings.speed, limitMinutes)}.`,
      `Wait, continue without it (${consequenceOf(nameOf(id), verbInForce(execution))})${canCancel ? ", or cancel the execution" : ""}.`,
    ].join(" ");
    const choices: StuckChoice[] = ["wait", "continue-without", ...(canCancel ? (["cancel"] as const) : [])];
    return {
      kind: "continue-without",
      itemId,
      stepId: id,
      title,
      since: startedAt,
      until,
      onExpiry: "the step is given up",
      call: {
        method: "POST",
        path: `/api/executions/${execution.executionId}/continue-without`,
        body: { itemIds: [itemId] },
      },
      limitMinutes,
      choices,
      asks,
    };
  });
}

/** Why a person would continue without all machines that are stuck: where they are, and what becomes of them. */
export function stuckInWords(stuck: readonly StuckStep[], verb: Verb): string {
  const places = [...new Set(stuck.map(({ title }) => title))].map((title) => {
    const there = stuck.filter((step) => step.title === title);
    const becomes = consequenceOf(nameOf(there[0]?.stepId ?? ""), verb);
    return `"${title}" of ${listed(there.map(({ itemId }) => itemId))} (each: ${becomes})`;
  });
  return `gives up at once: ${places.join("; ")}`;
}

const RELEASES: ReadonlySet<string> = new Set(["shut-down-source", "final-synchronise"]);

/** What becomes of a machine that a person continues without. */
function consequenceOf(step: string, verb: Verb): string {
  if (!RELEASES.has(step)) return "it counts as failed";
  if (failoverTypeOf(verb) === "planned") return "it stays where it runs";
  return "it fails over without its shutdown, and what it has not sent is lost";
}

/** The name of a step of an item: the last word of its id in the tree. */
export const nameOf = (stepId: string): string => stepId.slice(stepId.lastIndexOf("/") + 1);

/** The items that a person has decided to continue without. */
export const givenUpItems = (tree: readonly Step[]): ReadonlySet<string> =>
  new Set(leavesOf(tree).flatMap(({ itemId, error }) => (itemId && error?.code === "continued-without" ? itemId : [])));
