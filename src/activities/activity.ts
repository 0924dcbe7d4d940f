import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { taskKey } from "../domain/identity.js";
import type { ActivityContract, PollingContract } from "../durable/contract.js";
import { mayBegin, type PollRequest, type PollResult, pollRequest, waiting } from "../durable/poll-until-done.js";
import { refusalOf } from "../durable/refusal.js";
import type { ItemOperation, ItemOperations, TaskReply } from "../hypervisor/port.js";
import type { Ports, Way } from "./ports.js";

/** An activity ready to be registered: `handle` takes what the host gives and answers value or refusal, or throws a fault. */
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
 * An activity that begins something long, or looks how far it is. It begins nothing that leads forward once the
 * execution is cancelled, and does nothing at all once it has ended: who comes that late might find the estate without
 * any trace of the step, and take it for one that is still to be begun.
 */
export function pollingActivity<I extends z.ZodType<{ executionId: string }>, O extends z.ZodType>(
  contract: PollingContract<I, O>,
  way: Way,
  look: (ports: Ports, input: z.output<I>, ask: PollRequest) => Promise<PollResult<z.input<O>>>,
): Activity {
  const call = z.object({ ask: pollRequest, input: z.unknown() });
  return {
    name: contract.name,
    handle: (ports, raw) =>
      answered(async () => {
        const { ask, input: given } = call.parse(raw);
        const input = contract.input.parse(given);
        await ports.refuseIfOver(input.executionId, mayBegin(ask) ? way : "back");
        return look(ports, input, ask);
      }),
  };
}

async function answered(act: () => Promise<unknown>): Promise<object> {
  try {
    return { ok: true, value: await act() };
  } catch (thrown) {
    const refusal = refusalOf(thrown);
    if (refusal === undefined) throw thrown;
    return refusal;
  }
}

interface OnItem {
  worldId: string;
  executionId: string;
  itemId: string;
  attempt: number;
}

/** The key of a step on an item: another one for each attempt, since one key answers the same for ever. */
export function keyOnItem(
  { name }: { name: string },
  { executionId, itemId, attempt }: Omit<OnItem, "worldId">,
): string {
  return taskKey(executionId, attempt === 1 ? name : `${name}.${attempt}`, itemId);
}

/** An activity that is one operation of the hypervisor on one item, under the key of its step. One that leads forward does not hang on once the execution is cancelled. */
export function itemOperation<N extends ItemOperation, I extends z.ZodType<OnItem>, O extends z.ZodType>(
  contract: PollingContract<I, O>,
  operation: N,
  way: Way,
  paramsOf: (input: z.output<I>) => ItemOperations[N]["params"],
  resultOf: (result: ItemOperations[N]["result"]) => z.input<O>,
): Activity {
  return pollingActivity(contract, way, async (ports, input, ask) => {
    const { worldId, executionId, itemId } = input;
    const key = keyOnItem(contract, input);
    const task = { worldId, executionId, key, itemId, operation, params: paramsOf(input) };
    const reply = await ports.hypervisor.runOnItem(task);
    const hangs = reply.state === "waiting" && reply.hanging;
    if (hangs) await ports.refuseIfOver(executionId, way);
    return progressOf(ports, reply, ask, resultOf);
  });
}

/** A step that is past its limit is looked at once more, this much later. */
const LAST_LOOK_MS = 5_000;

/**
 * What hangs is looked at again after a tenth to a fifth of the time that was waited for it: its end is seen in good
 * time, and a day of waiting is some fifty looks in the history, not one for each minute.
 */
const WAIT_SHARE = 0.1;

/**
 * When to look again at what hangs, not before the hypervisor says. All looks are at multiples of a power of two of
 * milliseconds, so that those of many items that hang fall together and cost one round.
 */
function nextLookMs(nowMs: number, toldMs: number, sinceMs: number): number {
  const waitMs = Math.max(toldMs - nowMs, (nowMs - sinceMs) * WAIT_SHARE, 1);
  const beatMs = 2 ** Math.ceil(Math.log2(waitMs));
  return Math.ceil(Math.max(toldMs, nowMs + waitMs / 2) / beatMs) * beatMs;
}

/** What a hypervisor's reply means to the story: done, ask again later, or a refusal. */
export async function progressOf<R, S>(
  ports: Ports,
  reply: TaskReply<R>,
  ask: PollRequest,
  resultOf: (result: R) => S,
): Promise<PollResult<S>> {
  if (reply.state === "done") return { state: "done", result: resultOf(reply.result) };
  if (reply.state === "failed") throw new RecoveryError(reply.code, reply.message);
  const nowMs = ports.clock.now();
  const late = ask.round > 0 && nowMs >= ask.deadlineMs; // what has only just begun may follow a time in which no host ran
  if (late) throw new RecoveryError("time-limit", "the step did not end within its limit");
  const toldMs = Date.parse(reply.doneAt);
  const lookMs = reply.hanging ? nextLookMs(nowMs, toldMs, ask.sinceMs ?? nowMs) : toldMs;
  const untilMs = Math.min(lookMs, Math.max(ask.deadlineMs, nowMs + LAST_LOOK_MS));
  return waiting(Math.max(0, untilMs - nowMs), { queued: !reply.begun });
}
