/**
 * The determinism sandbox makes a run depend on its seed only. Its guarantees:
 *
 * D1. Inside the sandbox the wall clock, randomness, real timers and new GUIDs throw (determinism-sandbox.test.ts).
 * D2. `setImmediate` runs callbacks in the order of scheduling, and `untilIdle` waits for all of them
 *     (determinism-sandbox.test.ts).
 * D3. Afterwards every global is what it was, also when the work throws (determinism-sandbox.test.ts).
 * D4. The same seed leaves the same evidence, byte for byte (simulation.test.ts).
 */
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

/** Kept for the event loop of the simulation. */
const realImmediate = globalThis.setImmediate;

/** Callbacks that wait for everything else to finish, in the order of scheduling. */
let immediates: (() => void)[] = [];

/** Resolves when nothing more can run until time passes. */
export async function untilIdle(): Promise<void> {
  for (;;) {
    await new Promise<void>((resolve) => realImmediate(resolve));
    if (immediates.length === 0) return;
    const now = immediates;
    immediates = [];
    for (const goOn of now) goOn();
  }
}

const immediate = (goOn: (...args: unknown[]) => void, ...args: unknown[]): void => {
  immediates.push(() => goOn(...args));
};

interface ReplacedGlobal {
  holder: object;
  name: string;
  was: unknown;
}

const forbidden = (name: string) => (): never => {
  throw new Error(`${name} was used inside a simulation: time, randomness and order come from the seed alone`);
};

/** A Date without a current time: it only converts given times. */
function timelessDate(): object {
  const RealDate = globalThis.Date;
  const now = forbidden("the wall clock");
  // Not a Proxy: the product converts times so often that a Proxy would slow the run down.
  function Timeless(...parts: [] | [number]): Date {
    if (new.target === undefined || parts.length === 0) now();
    return new.target === Timeless
      ? new RealDate(...(parts as [number]))
      : Reflect.construct(RealDate, parts, new.target);
  }
  return Object.assign(Timeless, { prototype: RealDate.prototype, parse: RealDate.parse, UTC: RealDate.UTC, now });
}

/** Runs `work` while every source of chance outside the seed throws: wall clock, randomness, timers, new GUIDs. */
export async function inDeterminismSandbox<T>(work: () => Promise<T>): Promise<T> {
  const set: ReplacedGlobal[] = [];
  const replace = (holder: object, name: string, value: unknown): void => {
    set.push({ holder, name, was: Reflect.get(holder, name) });
    Reflect.set(holder, name, value);
  };
  immediates = [];
  replace(globalThis, "setImmediate", immediate);
  for (const name of ["setTimeout", "setInterval"]) replace(globalThis, name, forbidden(name));
  for (const name of ["setTimeout", "setImmediate", "setInterval"]) replace(timers, name, forbidden(name));
  for (const name of ["randomUUID", "randomBytes", "randomInt"]) replace(crypto, name, forbidden(name));
  replace(Math, "random", forbidden("Math.random"));
  replace(performance, "now", forbidden("performance.now"));
  replace(globalThis, "Date", timelessDate());
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    for (const { holder, name, was } of set.reverse()) Reflect.set(holder, name, was);
    syncBuiltinESMExports();
  }
}
