import { RestError } from "@azure/data-tables";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../durable/engine/index.js";
import { RefusedError } from "../../durable/store/port.js";
import { TransientFaults } from "../../durable/store/transient-faults.js";
import { silentLogger } from "../../logger.js";

const AWAY_MS = 60_000;

/** Asks a storage that fails for a minute; when each request came, and how often the log was told, for two who wait. */
async function asked(fault: Error): Promise<{ waits: number[]; warnings: number; outages: number }> {
  const clock = new VirtualClock(0);
  const times: number[] = [];
  let warnings = 0;
  const faults = new TransientFaults(clock, { log: () => (warnings += 1) });
  let waiting = 2;
  const ask = async (): Promise<void> => {
    await faults.withRetry("ask", async () => {
      times.push(clock.now());
      if (clock.now() < AWAY_MS) throw fault;
    });
    waiting -= 1;
  };
  const done = Promise.all([ask(), ask()]);
  while (waiting > 0) {
    clock.ring();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
  const moments = [...new Set(times)];
  return { waits: moments.slice(1).map((at, i) => at - (moments[i] ?? 0)), warnings, outages: faults.outages };
}

test("an unreachable storage is probed often, and the log reports it from time to time", async () => {
  const { waits, warnings, outages } = await asked(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
  expect(Math.max(...waits)).toBeLessThanOrEqual(100);
  expect(warnings).toBeGreaterThan(20);
  expect(warnings).toBeLessThanOrEqual(30);
  expect(outages).toBeGreaterThan(0);
});

test("a busy storage gets time and does not count as an outage", async () => {
  const { waits, outages } = await asked(new RestError("The server is busy.", { statusCode: 503 }));
  expect(Math.max(...waits)).toBe(2_000);
  expect(outages).toBe(0);
});

test("while others rely on the storage its silences are checked, so an outage that no request met is noticed", async () => {
  const clock = new VirtualClock(0);
  const faults = new TransientFaults(clock, silentLogger);
  const looks: number[] = [];
  let away = false;
  faults.checkWith(async () => {
    looks.push(clock.now());
    if (away) throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  });
  const passUntil = async (ms: number): Promise<void> => {
    while ((clock.nextDueMs ?? ms) < ms) {
      clock.ring();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const unwatch = faults.watch();
  await passUntil(1_100);
  expect(looks).toEqual([250, 500, 750, 1_000]);
  away = true;
  await passUntil(1_700);
  expect(faults.outages).toBe(looks.length - 4);
  expect(looks.slice(4)).toEqual([1_250, 1_350, 1_450, 1_550, 1_650]);
  unwatch();
  await passUntil(10_000);
  expect(looks).toHaveLength(9);
});

test.each(["an answer", "a look"])(
  "%s that was in flight while this process was frozen is not trusted",
  async (what) => {
    const clock = new VirtualClock(0);
    const faults = new TransientFaults(clock, silentLogger);
    let looks = 0;
    let standsStill = what === "a look";
    const standStill = (): void => {
      if (standsStill) clock.advance(31_000);
      standsStill = false;
    };
    faults.checkWith(async () => {
      looks += 1;
      standStill();
    });
    clock.advance(300);
    await faults.withRetry("read", async () => undefined);
    expect(looks).toBe(what === "a look" ? 2 : 1);
    standsStill = what === "an answer";
    await faults.withRetry("read", async () => standStill());
    await faults.withRetry("write", async () => undefined);
    expect(looks).toBe(2);
  },
);

describe("a request that the storage refuses", () => {
  /** How a request ends that always fails, while other requests succeed unless `probe` fails too. */
  async function ending(fault: Error, probe: () => Promise<unknown>) {
    const clock = new VirtualClock(0);
    const faults = new TransientFaults(clock, silentLogger);
    faults.checkWith(async () => undefined, probe);
    let requests = 0;
    let end: unknown;
    const asking = faults
      .withRetry("commit", () => {
        requests += 1;
        return clock.now() < AWAY_MS ? Promise.reject(fault) : Promise.resolve("answered");
      })
      .catch((error: unknown) => error)
      .then((answer) => {
        end = answer;
      });
    while (end === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      if (end === undefined) clock.ring();
    }
    await asking;
    return { end, requests, afterMs: clock.now() };
  }
  const answered = async (): Promise<void> => undefined;
  const failing = (): Promise<never> => Promise.reject(new RestError("", { statusCode: 500 }));

  test.each([400, 413])("with %d is given up at once", async (statusCode) => {
    const { end, requests } = await ending(new RestError("InvalidInput", { statusCode }), answered);
    expect(end).toBeInstanceOf(RefusedError);
    expect(String(end)).toMatch(/The storage refuses a request \(commit\) and takes others: InvalidInput/);
    expect(requests).toBe(1);
  });

  test("with 500 is given up after some attempts, if the storage takes another write", async () => {
    const { end, requests, afterMs } = await ending(new RestError("", { statusCode: 500 }), answered);
    expect(end).toBeInstanceOf(RefusedError);
    expect(requests).toBe(6);
    expect(afterMs).toBeLessThan(5_000);
  });

  test("with 500 is repeated while the storage takes no write at all", async () => {
    expect((await ending(new RestError("", { statusCode: 500 }), failing)).end).toBe("answered");
  });

  test("with 503 is repeated: the storage is busy", async () => {
    expect((await ending(new RestError("", { statusCode: 503 }), answered)).end).toBe("answered");
  });
});
