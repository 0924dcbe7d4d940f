import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

/** Kept for the one loop that drives a simulation: it lets everything run that can before time goes on. */
const realImmediate = globalThis.setImmediate;

/** What asked to go on as soon as everything else has, in the order of asking. */
let immediates: (() => void)[] = [];

/** Resolves when everything has run that can without time passing. */
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
  throw new Error(`${name} was used inside a simulation: time, chance and order come from the seed alone`);
};

/** A Date that knows no present: it only converts moments that it is given. */
function timelessDate(): object {
  const RealDate = globalThis.Date;
  const now = forbidden("the wall clock");
  // Not a Proxy: moments are converted so often that its traps would be felt.
  function Timeless(...parts: [] | [number]): Date {
    if (new.target === undefined || parts.length === 0) now();
    return new.target === Timeless
      ? new RealDate(...(parts as [number]))
      : Reflect.construct(RealDate, parts, new.target);
  }
  return Object.assign(Timeless, { prototype: RealDate.prototype, parse: RealDate.parse, UTC: RealDate.UTC, now });
}

/** Runs `work` while whatever is not drawn from the seed throws: wall clock, chance, timers, fresh GUIDs. */
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
