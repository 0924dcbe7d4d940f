/**
 * Every figure that is measured: what it must reach, which limit it is held against and which shape of the peer it
 * stands beside. `better` says in which direction.
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
  {
    figure: "plan of 100 machines",
    unit: "s",
    better: "less",
    target: 4,
    limit: "planOf100Seconds",
    shape: { kind: "plan", machines: 100 },
    peer: null,
  },
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
