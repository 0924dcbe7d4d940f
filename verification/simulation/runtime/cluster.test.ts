import { expect, test } from "vitest";
import { estateOf } from "../../../test/support/estates.js";
import type { Environment } from "../client/environment.js";
import type { Fault } from "../generators/faults.js";
import { simulate } from "../simulate.js";
import { sleep } from "./host-lifetime.js";

/** The requests of a script are counted after the import of the world and the first version of the plan. */
const FIRST_REQUEST = 3;
const PAUSE_MS = 60_000;

/** Runs a script on a cluster in which the given faults occur. What it returns is checked outside of the sandbox. */
async function run<T>(faults: readonly Fault[], act: (environment: Environment) => Promise<T>): Promise<T | undefined> {
  let result: T | undefined;
  const { world, plan } = estateOf("azure-to-azure");
  await simulate(0, {
    script: {
      ...{ world, plan, faults },
      act: async (environment) => {
        result = await act(environment);
      },
    },
  });
  return result;
}

const touch = ({ client }: Environment) => client.send({ kind: "clear-fault", faultId: null });

const crash = (nth: number): Fault => ({
  ...{ id: "crash/0", kind: "crash", at: "request", nth, after: false, pauseMs: PAUSE_MS, inFlight: 0 },
});

test("another host starts after the pause when the newest one dies, and requests wait for it", async () => {
  const found = await run([crash(FIRST_REQUEST)], async (environment) => {
    const { cluster, clock } = environment;
    const { outcome } = await touch(environment);
    const servingAfterCrash = cluster.serving?.lifetime.generation;
    const crashedMs = clock.now();
    const next = await cluster.live();
    const waitedMs = clock.now() - crashedMs;
    return { outcome, servingAfterCrash, next: next.lifetime.generation, waitedMs, alive: cluster.hosts.map(isAlive) };
  });
  expect(found).toMatchObject({ outcome: "unknown", servingAfterCrash: undefined, next: 2, alive: [false, true] });
  expect(found?.waitedMs).toBeGreaterThanOrEqual(PAUSE_MS);
});

test("only the newest host serves while an older one has not noticed that it was replaced", async () => {
  const overlap: Fault = { id: "overlap/0", kind: "overlap", at: "request", nth: FIRST_REQUEST, forMs: PAUSE_MS };
  const found = await run([overlap], async (environment) => {
    const { cluster, clock } = environment;
    await touch(environment);
    const serving = (await cluster.live()).lifetime.generation;
    const during = cluster.hosts.map(isAlive);
    await sleep(clock, PAUSE_MS);
    return { serving, during, afterwards: cluster.hosts.map(isAlive) };
  });
  expect(found).toEqual({ serving: 2, during: [true, true], afterwards: [false, true] });
});

test("the next host inherits the skew of the clock", async () => {
  const skewMs = 90_000;
  const jump: Fault = { id: "clock/0", kind: "clock-jump", at: "request", nth: FIRST_REQUEST, skewMs };
  const found = await run([jump, crash(FIRST_REQUEST + 1)], async (environment) => {
    await touch(environment);
    await touch(environment);
    const next = await environment.cluster.live();
    return { generation: next.lifetime.generation, skewMs: next.clock.now() - environment.clock.now() };
  });
  expect(found).toEqual({ generation: 2, skewMs });
});

function isAlive({ lifetime }: { lifetime: { alive: boolean } }): boolean {
  return lifetime.alive;
}
