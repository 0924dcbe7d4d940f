/**
 * Every figure that is measured: its target, the limit of the machine and the shape of the peer that it is compared
 * with. `better` says in which direction.
 */
const orchestration = (figure, shape, steps, target) => ({
  figure,
  unit: "per s",
  better: "more",
  target,
  limit: shape === "fan" ? "fanPerSecond" : "sequentialPerSecond",
  shape: { kind: shape, steps },
  peer: `${shape}-${steps}`,
});

const latency = (figure, kind, percentile, target, limit) => ({
  figure: `${figure} ${percentile}`,
  unit: "ms",
  better: "less",
  target,
  limit: percentile === "p50" ? limit : null,
  shape: { kind },
  value: percentile,
  peer: kind,
});

const plan = (figure, unit, target, shape, value, limit = null) => ({
  figure,
  unit,
  better: "less",
  target,
  limit,
  shape,
  ...(value === undefined ? {} : { value }),
  peer: null,
});

/** Longer than the interval of the sweep, which reads what is unsettled. */
const WAITING = { count: 10_000, seconds: 120 };

export const FIGURES = [
  orchestration("sequential activities, 100", "sequence", 100, 300),
  orchestration("sequential activities, 1000", "sequence", 1_000, 250),
  orchestration("fan-out and fan-in, 1000", "fan", 1_000, 1_500),
  {
    figure: "orchestrations of 5 activities, 100 at once",
    unit: "per s",
    better: "more",
    target: 150,
    limit: "fivesPerSecond",
    shape: { kind: "many", count: 100, steps: 5 },
    peer: "many-100x5",
  },
  latency("start to first activity", "start-latency", "p50", 8, "startToFirstMs"),
  latency("start to first activity", "start-latency", "p99", 30, null),
  latency("event to continuation", "event-latency", "p50", 8, "eventToContinuationMs"),
  latency("event to continuation", "event-latency", "p99", 30, null),
  plan("plan of 100 machines", "s", 3, { kind: "plan", machines: 100 }, undefined, "planOf100Seconds"),
  plan("plan of 1000 machines", "s", 30, { kind: "plan", machines: 1_000 }, undefined, "planOf1000Seconds"),
  plan("cost of a machine, 1000 to 100", "×", 1.3, { kind: "plan-growth", few: 100, many: 1_000 }),
  plan("resident memory, plan of 1000", "MiB", 400, { kind: "plan-memory", machines: 1_000 }),
  plan("status of a running plan of 1000 p50", "ms", 250, { kind: "plan-status", machines: 1_000 }, "p50"),
  plan("status of a running plan of 1000 p99", "ms", 250, { kind: "plan-status", machines: 1_000 }, "p99"),
  plan("decision to the next step p50", "ms", 10, { kind: "decision-latency" }, "p50"),
  plan("decision to the next step p99", "ms", 40, { kind: "decision-latency" }, "p99"),
  plan("event to the socket of a subscriber p50", "ms", 250, { kind: "notification-latency" }, "p50"),
  plan("event to the socket of a subscriber p99", "ms", 250, { kind: "notification-latency" }, "p99"),
  plan(
    "10000 executions that wait, storage requests",
    "per s",
    1,
    { kind: "waiting", ...WAITING },
    "requestsPerSecond",
  ),
  plan("10000 executions that wait, memory more", "MiB", 200, { kind: "waiting", ...WAITING }, "mib"),
  plan("SIGKILL to a plan of 1000 going on", "s", 5, { kind: "plan-kill", machines: 1_000 }),
  plan("10 plans of 100 machines at once", "s", 30, { kind: "plans-at-once", plans: 10, machines: 100 }, "seconds"),
  plan(
    "10 plans of 100 at once, slowest to mean",
    "×",
    1.5,
    { kind: "plans-at-once", plans: 10, machines: 100 },
    "unevenness",
  ),
  {
    figure: "resident memory after 1000 × 5",
    unit: "MiB",
    better: "less",
    target: 200,
    limit: null,
    shape: { kind: "memory", count: 1_000, steps: 5 },
    peer: "memory-1000x5",
  },
  {
    figure: "idle storage requests",
    unit: "per s",
    better: "less",
    target: 1,
    limit: null,
    shape: { kind: "idle", seconds: 15 },
    peer: null,
  },
  {
    figure: "SIGKILL to 100 interrupted steps running",
    unit: "s",
    better: "less",
    target: 3,
    limit: null,
    shape: { kind: "kill", count: 100 },
    peer: null,
  },
];
