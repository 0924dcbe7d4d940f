import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Target, type Verdict, Violation } from "./target.js";

/** A slow input is reported. It is no failure: how long an input takes depends on what else the machine does. */
export const SLOW_INPUT_MS = 250;
/** No input may take more memory, in bytes. */
export const MAX_INPUT_BYTES = 50 * 1_048_576;
/**
 * An input that takes too much memory is measured again, because the garbage collector may have been the cause.
 */
const MAX_REMEASUREMENTS = 3;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

interface Measured {
  verdict: Verdict;
  ms: number;
  bytes: number;
}

/** Errors outside the call of any input. */
const stray: unknown[] = [];
process.on("unhandledRejection", (reason) => stray.push(reason));
process.on("uncaughtException", (error) => stray.push(error));

/** Feeds one input and checks the rules that apply to every target. Throws when it breaks one. */
export async function examine<I>(target: Target<I>, input: I): Promise<Measured> {
  let measured = await measure(target, input);
  for (let again = 0; again < MAX_REMEASUREMENTS && takesTooMuch(measured); again += 1) {
    collectGarbage();
    const repeated = await measure(target, input);
    measured = { ...measured, bytes: Math.min(measured.bytes, repeated.bytes) };
  }
  assertLimits(measured);
  return measured;
}

async function measure<I>(target: Target<I>, input: I): Promise<Measured> {
  const before = held();
  const started = { ms: performance.now(), cpu: process.cpuUsage() };
  const verdict = await feed(target, input);
  const ms = Math.min(performance.now() - started.ms, cpuMs(process.cpuUsage(started.cpu)));
  const bytes = held() - before;
  await target.settle?.();
  return { verdict, ms, bytes };
}

async function feed<I>(target: Target<I>, input: I): Promise<Verdict> {
  try {
    const answer = target.feed(input);
    return typeof answer === "string" ? answer : await answer;
  } catch (thrown) {
    // The violation is already known. A second error in the cleanup would only hide it.
    await target.settle?.().catch(() => undefined);
    throw thrown;
  }
}

/** Processor time only: the time of other programs does not count. */
export const cpuMs = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1_000;

const takesTooMuch = ({ bytes }: Measured): boolean => bytes > MAX_INPUT_BYTES;

function held(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

const POLLUTED = Object.prototype as { polluted?: unknown };

function assertLimits({ bytes }: Measured): void {
  if (bytes > MAX_INPUT_BYTES)
    throw new Violation(`it took ${Math.round(bytes / 1_048_576)} MiB of memory, more than 50`);
  if (POLLUTED.polluted !== undefined || Object.keys(Object.prototype).length > 0) {
    delete POLLUTED.polluted;
    throw new Violation("it reached Object.prototype");
  }
  const [first] = stray.splice(0);
  if (first !== undefined) {
    throw new Violation(`unhandled, after this input or one of the last inputs: ${describe(first)}`);
  }
}

const describe = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
