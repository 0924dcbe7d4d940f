import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../../host/durable/engine/index.js";
import type { Boundary, StoreFault } from "../evidence.js";
import type { Fault } from "../generators/faults.js";
import { Random } from "../random.js";
import { type Caller, type CallResult, FaultProxy } from "./fault-proxy.js";
import { HostLifetime } from "./host-lifetime.js";

const AT: Boundary = "table-write";

const crash = (nth: number, after: boolean, inFlight = 0): Fault => ({
  ...{ id: "crash/0", kind: "crash", at: AT, nth, after, pauseMs: 0, inFlight },
});
const storeFault = (what: StoreFault): Fault => ({
  ...{ id: "store/0", kind: "store-fault", at: AT, nth: 1, what, forMs: 10 },
});

/** A proxy over a counter as the outside, and one host. */
function setUp(...faults: Fault[]) {
  const clock = new VirtualClock();
  const latency = { delayProbability: 0, maxDelayMs: 20 };
  const proxy = new FaultProxy({ clock, latency, random: new Random("proxy"), faults });
  const lifetime = new HostLifetime(7);
  const skews: number[] = [];
  const caller: Caller = {
    lifetime,
    crash: () => lifetime.end(),
    overlap: () => undefined,
    setClockSkew: (skewMs) => skews.push(skewMs),
    corruptRow: () => undefined,
  };
  let effects = 0;
  const notes: CallResult[] = [];
  /** How a call ended; `pending` when it has not after everything that was due. */
  const call = async (): Promise<string> => {
    let outcome = "pending";
    const effect = async () => {
      effects += 1;
      return "done";
    };
    proxy
      .call(caller, AT, "row", effect, (note) => notes.push(note))
      .then(
        (value) => {
          outcome = value;
        },
        (error: Error) => {
          outcome = error.message;
        },
      );
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.ring();
    }
    return outcome;
  };
  return { clock, proxy, lifetime, call, notes, skews, effects: () => effects };
}

describe("a crash", () => {
  test("occurs at the call that it names", async () => {
    const run = setUp(crash(2, true));
    expect(await run.call()).toBe("done");
    expect(await run.call()).toBe("pending");
    expect(run.proxy.callCounts.get(AT)).toBe(2);
    expect(run.proxy.injectedFaults).toMatchObject([{ kind: "crash", at: AT, generation: 7, applied: true }]);
  });

  test.each([
    ["before the call prevents the effect", false, 0, 0],
    ["before the call lets one in flight arrive", false, 1, 1],
    ["after the call hides the answer only", true, 0, 1],
  ])("%s", async (_, after, inFlight, effects) => {
    const run = setUp(crash(1, after, inFlight));
    expect(await run.call()).toBe("pending");
    expect(run.effects()).toBe(effects);
    expect(run.notes.at(-1)).toEqual(effects === 1 ? { applied: true, answered: false } : undefined);
  });

  test("leaves a dead host whose calls never settle and have no effect", async () => {
    const run = setUp();
    run.lifetime.end();
    expect(await run.call()).toBe("pending");
    expect(run.effects()).toBe(0);
  });
});

describe("a store fault", () => {
  test.each<[StoreFault, string, number]>([
    ["throttled", "done", 1],
    ["unavailable", "The server is busy.", 0],
    ["timeout-before", "the connection was lost", 0],
    ["timeout-after", "the connection was lost", 1],
    ["conflict", "row", 1],
  ])("%s", async (what, outcome, effects) => {
    const run = setUp(storeFault(what));
    expect(await run.call()).toContain(outcome);
    expect(run.effects()).toBe(effects);
    expect(run.proxy.injectedFaults).toMatchObject([{ kind: "store-fault", what, generation: 7 }]);
    expect(await run.call()).toBe("done");
  });
});

test("the clock of the host is set at the call that the fault names", async () => {
  const run = setUp({ id: "clock/0", kind: "clock-jump", at: AT, nth: 1, skewMs: 500 });
  expect(await run.call()).toBe("done");
  expect(run.skews).toEqual([500]);
});

test("with faults disabled, calls are counted and nothing fails", async () => {
  const run = setUp(crash(1, false));
  run.proxy.faultsEnabled = false;
  expect(await run.call()).toBe("done");
  expect(run.proxy.callCounts.get(AT)).toBe(1);
  expect(run.proxy.injectedFaults).toEqual([]);
});
