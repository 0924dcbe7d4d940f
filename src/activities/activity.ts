import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { taskKey } from "../domain/identity.js";
import { minutesAt } from "../domain/plans/step-limits.js";
import type { ActivityContract, PollingContract } from "../durable/contract.js";
import { mayBegin, type PollRequest, type PollResult, pollRequest, waiting } from "../durable/poll-until-done.js";
import { answered } from "../durable/refusal.js";
import type { TaskReply } from "../hypervisor/port.js";
import type { Ports } from "../ports.js";
import type { StepDirection } from "../steps/catalogue.js";

/** An activity to register. `handle` takes the input from the host, answers a value or a refusal, or throws a fault. */
export interface Activity {
  readonly name: string;
  handle(ports: Ports, raw: unknown): Promise<object>;
}

/** An activity that does something short. */
export function activity<I extends z.ZodType, O extends z.ZodType>(
  contract: ActivityContract<I, O>,
  act: (ports: Ports, input: z.output<I>) => Promise<z.input<O>>,
): Activity {
  return {
    name: contract.name,
    handle: (ports, raw) => answered(() => act(ports, contract.input.parse(raw))),
  };
}

/**
 * An activity that begins something long, or polls it. Once the execution is cancelled it begins no forward step, and
 * waits for none that hangs or takes unusually long. Once the execution has ended it does nothing: so late a call may
 * not find its task any more and would start it again.
 */
export function pollingActivity<I extends z.ZodType<{ executionId: string }>, O extends z.ZodType>(
  contract: PollingContract<I, O>,
  direction: StepDirection,
  poll: (ports: Ports, input: z.output<I>, request: PollRequest) => Promise<PollResult<z.input<O>>>,
): Activity {
  const call = z.object({ request: pollRequest, input: z.unknown() });
  return {
    name: contract.name,
    handle: (ports, raw) =>
      answered(async () => {
        const { request, input: given } = call.parse(raw);
        const input = contract.input.parse(given);
        await ports.assertActive(input.executionId, mayBegin(request) ? direction : "undo");
        const answer = await poll(ports, input, request);
        const isStuck = answer.state === "waiting" && answer.stuck !== undefined;
        if (isStuck) await ports.assertActive(input.executionId, direction);
        return answer;
      }),
  };
}

/** The key of a step on an item. Each attempt has its own, because the answer of a key never changes. */
export function keyOnItem(
  step: string,
  { executionId, itemId, attempt }: { executionId: string; itemId: string; attempt: number },
): string {
  return taskKey(executionId, attempt === 1 ? step : `${step}.${attempt}`, itemId);
}

/** However fast the emulated world runs, a task that its hypervisor still works on gets this much real time. */
const MIN_LIMIT_MS = 10_000;

/** A task is overdue when it takes, or is promised to take, more than this share of its limit. */
const OVERDUE_SHARE = 0.5;

/** When the time of a task is up. A hypervisor that says that a task hangs is not waited for any longer than the limit. */
export const deadlineOf = ({ sinceMs, deadlineMs }: PollRequest, { hanging = false } = {}): number =>
  hanging ? deadlineMs : Math.max(deadlineMs, sinceMs + MIN_LIMIT_MS);

/** A step past its limit is polled one last time, this much later. */
const LAST_POLL_MS = 5_000;

/**
 * A hanging task is polled again after a tenth to a fifth of the time waited so far: its end is seen soon enough, and
 * a day of waiting is about fifty polls in the history instead of one each minute.
 */
const WAIT_SHARE = 0.1;

/**
 * When to poll a hanging task again, not before the hypervisor says. All polls are at multiples of a power of two of
 * milliseconds, so that those of many hanging items coincide and share a batch.
 */
function nextPollMs(nowMs: number, hintMs: number, sinceMs: number): number {
  const waitMs = Math.max(hintMs - nowMs, (nowMs - sinceMs) * WAIT_SHARE, 1);
  const beatMs = 2 ** Math.ceil(Math.log2(waitMs));
  return Math.ceil(Math.max(hintMs, nowMs + waitMs / 2) / beatMs) * beatMs;
}

/** What a hypervisor's reply means to a workflow: done, poll again later, or a refusal. */
export async function pollResultOf<R, S>(
  ports: Ports,
  reply: TaskReply<R>,
  request: PollRequest,
  resultOf: (result: R) => S,
): Promise<PollResult<S>> {
  if (reply.state === "done") return { state: "done", result: resultOf(reply.result) };
  if (reply.state === "failed") throw new RecoveryError(reply.code, reply.message);
  const nowMs = ports.clock.now();
  const { begun, hanging } = reply;
  const deadlineMs = deadlineOf(request, { hanging });
  const isLate = request.round > 0 && nowMs >= deadlineMs; // a first call may follow a time in which no host ran
  if (isLate) throw new RecoveryError("time-limit", lateText(ports, reply, request));
  const hintMs = Date.parse(reply.doneAt);
  const pollMs = hanging ? nextPollMs(nowMs, hintMs, request.sinceMs) : hintMs;
  const untilMs = Math.min(pollMs, Math.max(deadlineMs, nowMs + LAST_POLL_MS));
  const overdue = begun && Math.max(nowMs, hintMs) > request.sinceMs + (deadlineMs - request.sinceMs) * OVERDUE_SHARE;
  const stuck = hanging ? "hanging" : overdue ? "overdue" : undefined;
  return waiting(Math.max(0, untilMs - nowMs), { queued: !begun, stuck });
}

function lateText(
  { settings }: Ports,
  { begun, hanging }: { begun: boolean; hanging: boolean },
  { sinceMs, deadlineMs }: PollRequest,
): string {
  const minutes = Math.round(((deadlineMs - sinceMs) * settings.speed) / 6_000) / 10;
  const limit = `the step did not end within its limit of ${minutesAt(settings.speed, minutes)}`;
  if (!begun) return `${limit}: it never began, because the hypervisor was busy with other operations`;
  return `${limit}: ${hanging ? "the hypervisor reported that it hung" : "it was still under way"}`;
}
