/**
 * What one more act of steering comes to in the record of its execution.
 *
 * - A1 The same act again changes nothing, whoever sends it and however late. (test/unit/domain/record-steering.test.ts)
 * - A2 An act that can have no effect any more is refused, and the refusal says what stands in its way. (same file)
 */
import { type ErrorCode, RecoveryError } from "../errors.js";
import type { Execution } from "../execution.js";
import { isEnded } from "../plans/failure-policy.js";
import { pauseOf, switchOf } from "./in-force.js";
import { hasPlaceFor, MAX_STEERING, type Steering, type SteeringOf } from "./steering.js";

type Recorded = Pick<Execution, "executionId" | "verb" | "status" | "cancelRequest" | "steering">;

/** Refuses an execution that nobody can steer any more. */
export function requireSteerable({ executionId, status, cancelRequest }: Recorded): void {
  if (isEnded(status)) throw new RecoveryError("execution-ended", `execution ${executionId} has ended: ${status}`);
  if (cancelRequest === undefined) return;
  const { requestedBy, requestedAt } = cancelRequest;
  throw new RecoveryError(
    "decided-already",
    `${requestedBy} cancelled the execution at ${requestedAt}; it is undone and cannot be steered any more`,
  );
}

/** The list with one more act; null when the act stands there already. */
export function withSteering(execution: Recorded, made: Steering): Steering[] | null {
  requireSteerable(execution);
  const list = execution.steering ?? [];
  const news = newsOf(execution, made, list);
  if (news === null) return null;
  if (!hasPlaceFor(news.action, list.length)) {
    throw refused("steering-refused", `the execution was steered ${MAX_STEERING} times, and takes no more`);
  }
  return [...list, news];
}

/** What of an act is new; null when nothing is. */
function newsOf(execution: Recorded, made: Steering, list: readonly Steering[]): Steering | null {
  switch (made.action) {
    case "pause":
      return pauseOf(execution) === null ? made : null;
    case "resume":
      return newResume(execution, made, list);
    case "switch-to-unplanned":
      return switchOf(execution) === undefined ? made : null;
    case "retry":
      return list.some((one) => one.action === "retry" && one.asks === made.asks && hasAll(one.itemIds, made.itemIds))
        ? null
        : made;
    case "skip": {
      const known = new Set(list.flatMap((one) => (one.action === "skip" ? one.stepIds : [])));
      const stepIds = made.stepIds.filter((id) => !known.has(id));
      return stepIds.length === 0 ? null : { ...made, stepIds };
    }
    case "edit": {
      const last = list.findLast((one) => one.action === "edit");
      return last?.planVersion === made.planVersion ? null : made;
    }
    case "extend":
      return newExtension(made, list);
  }
}

function newResume(execution: Recorded, made: Steering, list: readonly Steering[]): Steering | null {
  if (pauseOf(execution) !== null) return made;
  if (list.some(({ action }) => action === "resume")) return null;
  throw refused("steering-refused", "the execution is not paused, so there is nothing to resume");
}

/** Each deadline is extended once, so that an extension that is sent twice adds its minutes once. */
function newExtension(made: SteeringOf<"extend">, list: readonly Steering[]): Steering | null {
  const earlier = list.find((one) => one.action === "extend" && one.stepId === made.stepId && one.from === made.from);
  if (earlier?.action !== "extend") return made;
  if (earlier.minutes === made.minutes) return null;
  throw refused(
    "decided-already",
    `${earlier.person} extended the wait that ended at ${made.from} by ${earlier.minutes} minutes at ${earlier.at}`,
  );
}

const hasAll = (known: readonly string[], some: readonly string[]): boolean => some.every((id) => known.includes(id));

const refused = (code: ErrorCode, message: string): RecoveryError => new RecoveryError(code, message);
