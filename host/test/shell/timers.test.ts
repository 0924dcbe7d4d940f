import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { type LoadedApp, loadFunctionApp } from "../../app/load-app.js";
import { VirtualClock } from "../../durable/engine/virtual-time.js";
import { silentLogger } from "../../logger.js";
import { BlobScheduleMonitor, MemoryScheduleMonitor, type ScheduleMonitor } from "../../timers/schedule-status.js";
import { TimerListener } from "../../timers/timer-listener.js";
import { appFolder, PATIENCE, serveTestApp } from "./served-app.js";

interface Run {
  name: string;
  timer: { isPastDue: boolean; schedule: { adjustForDST: boolean }; scheduleStatus: Record<string, string> | null };
  retry?: { retryCount: number; maxRetryCount: number };
}
const seen = globalThis as unknown as {
  timerRuns: Run[];
  timerGates: Record<string, () => Promise<unknown> | undefined>;
};

const HOUR_MS = 3_600_000;
const start = Date.UTC(2026, 0, 1, 0, 10);
let app: LoadedApp;

beforeAll(async () => {
  app = await loadFunctionApp({ directory: appFolder("timers"), logger: silentLogger, env: { HOURLY: "0 0 * * * *" } });
});
beforeEach(() => {
  seen.timerRuns = [];
  seen.timerGates = {};
});

async function listen(name: string, clock: VirtualClock, monitor: ScheduleMonitor = new MemoryScheduleMonitor()) {
  const fn = app.find(name);
  if (!fn) throw new Error(`no function ${name}`);
  const listener = new TimerListener({ app, fn, clock, logger: silentLogger, monitor });
  await listener.start();
  return listener;
}

const runs = (count: number) => vi.waitFor(() => expect(seen.timerRuns).toHaveLength(count), PATIENCE);
const nextAlarm = (clock: VirtualClock, dueMs: number) =>
  vi.waitFor(() => expect(clock.nextDueMs).toBe(dueMs), PATIENCE);

describe("a timer", () => {
  test("runs at each occurrence and gets the status", async () => {
    const clock = new VirtualClock(start);
    const listener = await listen("hourly", clock);
    await nextAlarm(clock, Date.UTC(2026, 0, 1, 1));
    clock.ring();
    await runs(1);
    await nextAlarm(clock, Date.UTC(2026, 0, 1, 2));
    clock.ring();
    await runs(2);
    expect(seen.timerRuns[1]?.timer).toEqual({
      schedule: { adjustForDST: false },
      scheduleStatus: {
        last: "2026-01-01T01:00:00.000+00:00",
        next: "2026-01-01T02:00:00.000+00:00",
        lastUpdated: "2026-01-01T01:00:00.000+00:00",
      },
      isPastDue: false,
    });
    await listener.stop();
  });

  test("never overlaps: what comes due during a run is left out", async () => {
    const clock = new VirtualClock(start);
    let open: (() => void) | undefined;
    seen.timerGates["hourly"] = () => new Promise<void>((resolve) => (open = resolve));
    const listener = await listen("hourly", clock);
    clock.ring();
    await runs(1);
    clock.advance(3 * HOUR_MS);
    expect(clock.nextDueMs).toBeUndefined();
    open?.();
    await nextAlarm(clock, Date.UTC(2026, 0, 1, 5));
    expect(seen.timerRuns).toHaveLength(1);
    await listener.stop();
  });

  test("goes on after a failure", async () => {
    const clock = new VirtualClock(start);
    seen.timerGates["hourly"] = () => Promise.reject(new Error("no"));
    const listener = await listen("hourly", clock);
    clock.ring();
    await nextAlarm(clock, Date.UTC(2026, 0, 1, 2));
    expect(seen.timerRuns).toHaveLength(1);
    delete seen.timerGates["hourly"];
    clock.ring();
    await runs(2);
    await nextAlarm(clock, Date.UTC(2026, 0, 1, 3));
    await listener.stop();
  });

  test("with a retry policy tries again after the delay, and passes the number of the try", async () => {
    const clock = new VirtualClock(start);
    seen.timerGates["retried"] = () => Promise.reject(new Error("no"));
    const listener = await listen("retried", clock);
    const due = Date.UTC(2026, 0, 1, 0, 30);
    await nextAlarm(clock, due);
    clock.ring();
    await nextAlarm(clock, due + 10_000);
    clock.ring();
    await nextAlarm(clock, due + 20_000);
    clock.ring();
    await nextAlarm(clock, due + HOUR_MS);
    expect(seen.timerRuns.map((run) => run.retry?.retryCount)).toEqual([0, 1, 2]);
    await listener.stop();
  });

  test("that stops lets the run end and sets no further alarm", async () => {
    const clock = new VirtualClock(start);
    let open: (() => void) | undefined;
    seen.timerGates["hourly"] = () => new Promise<void>((resolve) => (open = resolve));
    const listener = await listen("hourly", clock);
    clock.ring();
    await runs(1);
    const stopped = listener.stop();
    open?.();
    await stopped;
    expect(clock.nextDueMs).toBeUndefined();
  });

  test("runs at start when asked to, and is not past due then", async () => {
    const listener = await listen("atStart", new VirtualClock(start));
    await runs(1);
    expect(seen.timerRuns[0]?.timer.isPastDue).toBe(false);
    await listener.stop();
  });

  test("that runs often is not monitored", async () => {
    const clock = new VirtualClock(start);
    const listener = await listen("every20", clock);
    await nextAlarm(clock, start + 20_000);
    clock.ring();
    await runs(1);
    expect(seen.timerRuns[0]?.timer.scheduleStatus).toBeNull();
    await listener.stop();
  });
});

describe.each([
  ["memory", () => new MemoryScheduleMonitor()],
  ["blob", () => new BlobScheduleMonitor(inject("storage"), randomUUID())],
])("a status kept in %s", (_, newMonitor) => {
  test("says at the next start whether an occurrence was missed", async () => {
    const monitor = newMonitor();
    await (await listen("hourly", new VirtualClock(start), monitor)).stop();

    const inTime = new VirtualClock(start + 60_000);
    await (await listen("hourly", inTime, monitor)).stop();
    expect(seen.timerRuns).toEqual([]);

    const late = await listen("hourly", new VirtualClock(start + 5 * HOUR_MS), monitor);
    await runs(1);
    expect(seen.timerRuns[0]?.timer.isPastDue).toBe(true);
    await late.stop();
    expect(await monitor.read("hourly")).toMatchObject({ nextMs: Date.UTC(2026, 0, 1, 6) });
  });

  test("of a timer that is unknown is none", async () => {
    expect(await newMonitor().read("other")).toBeUndefined();
  });
});

describe("a host", () => {
  const env = { HOURLY: "0 0 * * * *", AzureWebJobsStorage: inject("storage") };

  test("runs timers at start and by hand", async () => {
    const served = await serveTestApp("timers", { env });
    await runs(1);
    expect(seen.timerRuns[0]?.name).toBe("atStart");
    const answer = await served.fetch("/admin/functions/hourly", { method: "POST", body: '{"input":null}' });
    expect(answer.status).toBe(202);
    await runs(2);
    expect(seen.timerRuns[1]?.name).toBe("hourly");
    await served.close();
  });

  test("names a setting that a schedule needs and nobody has set", async () => {
    await expect(serveTestApp("timers", { env: {} })).rejects.toThrow(/"hourly".*"HOURLY", which is not set/);
  });

  test("names a timer whose schedule can't be read", async () => {
    await expect(serveTestApp("timers", { env: { HOURLY: "often" } })).rejects.toThrow(/"hourly".*"often"/);
  });
});

afterAll(async () => {
  await app.terminate();
});
