/**
 * Steering at the place where effects begin. The record of the execution decides, and each activity looks at it, so a
 * steering that was acknowledged holds whatever becomes of the event that tells of it.
 *
 * - S1 While an execution is paused, no step forward begins. What is under way ends, and an undo goes on.
 *   (test/orchestrators/pause.test.ts)
 * - S2 The time of a pause, and every extension, moves the deadline of a step. (same file, extend.test.ts)
 * - S3 A step that a person skipped is not begun, and is not waited for. (test/orchestrators/skip.test.ts)
 * - S4 After a switch to unplanned, a source that does not answer is given up.
 *   (test/orchestrators/switch-to-unplanned.test.ts)
 * - S5 A workflow that was steered and does not know yet begins nothing. (test/orchestrators/retry-passed-over.test.ts,
 *   edit.test.ts)
 */
import { hasCode, RecoveryError } from "../domain/errors.js";
import {
  isStepOf,
  movedMs,
  pauseOf,
  revisionOf,
  type Steered,
  skipOf,
  switchOf,
  verbInForce,
} from "../domain/steering/in-force.js";
import { HELD_MS, mayBegin, type PollRequest, type PollResult } from "../durable/poll-until-done.js";
import type { Ports } from "../ports.js";
import type { StepDirection } from "../steps/catalogue.js";
import { isSkippable } from "../steps/skippable.js";

/** A step, and the execution and item that it is of. */
interface SteeredStep {
  name: string;
  direction: StepDirection;
  executionId: string;
  itemId: string | undefined;
}

/** Polls a step as its execution is steered now. */
export async function pollAsSteered<R>(
  ports: Ports,
  step: SteeredStep,
  request: PollRequest,
  poll: (request: PollRequest) => Promise<PollResult<R>>,
): Promise<PollResult<R>> {
  const { executionId } = step;
  const execution = await ports.steeringOf(executionId);
  if (execution === null) return poll(request);
  refuseSkipped(execution, step);
  if (mayBegin(request) && step.direction === "forward" && (await isPaused(ports, executionId, execution))) {
    return { state: "waiting", waitMs: HELD_MS, held: true };
  }
  const moved = movedRequest(ports, execution, step, request);
  try {
    return givenUp(execution, step, await poll(moved));
  } catch (thrown) {
    refuseUnanswered(execution, step, hasCode(thrown, "site-unreachable"));
    if (!hasCode(thrown, "time-limit")) throw thrown;
    // Somebody may have extended the wait since the answer that was used above was read.
    const again = movedRequest(ports, await ports.steeringOf(executionId, true), step, request);
    if (again.deadlineMs <= moved.deadlineMs) throw thrown;
    return poll(again);
  }
}

/** Refuses `steered` while the execution is paused, or was steered since its workflow looked. */
export async function requireCaughtUp(
  ports: Ports,
  { executionId, seen }: { executionId: string; seen: number },
): Promise<void> {
  const execution = await ports.steeringOf(executionId);
  if (execution === null) return;
  if (await isPaused(ports, executionId, execution)) throw new RecoveryError("steered", "the execution is paused");
  if (revisionOf(execution) > seen) throw new RecoveryError("steered", "the execution was steered");
}

/** A resume raises its event once, so an answer that was read before it may hold nothing. */
async function isPaused(ports: Ports, executionId: string, seen: Steered): Promise<boolean> {
  if (pauseOf(seen) === null) return false;
  const now = await ports.steeringOf(executionId, true);
  return now !== null && pauseOf(now) !== null;
}

function movedRequest(
  { clock }: Ports,
  execution: Steered | null,
  { itemId, name }: SteeredStep,
  request: PollRequest,
): PollRequest {
  if (execution?.steering === undefined) return request;
  const isOfStep = itemId === undefined ? () => false : isStepOf(itemId, name);
  const byMs = movedMs(execution, isOfStep, request.sinceMs, clock.now());
  return { ...request, deadlineMs: request.deadlineMs + byMs };
}

function refuseSkipped(execution: Steered, { itemId, name }: SteeredStep): void {
  if (itemId === undefined || !isSkippable(name, verbInForce(execution))) return;
  const skip = skipOf(execution, itemId, name);
  if (skip !== undefined) throw new RecoveryError("skipped", `skipped by ${skip.person}: ${skip.reason}`);
}

const SOURCE_STEPS: ReadonlySet<string> = new Set(["shut-down-source", "final-synchronise"]);

function givenUp<R>(execution: Steered, step: SteeredStep, answer: PollResult<R>): PollResult<R> {
  refuseUnanswered(execution, step, answer.state === "waiting" && answer.stuck !== undefined);
  return answer;
}

function refuseUnanswered(execution: Steered, { name }: SteeredStep, isUnanswered: boolean): void {
  const made = switchOf(execution);
  if (made === undefined || !isUnanswered || !SOURCE_STEPS.has(name)) return;
  const why = `${made.person} switched to an unplanned failover: ${made.reason}`;
  throw new RecoveryError("continued-without", `the source does not answer, and ${why}`);
}
