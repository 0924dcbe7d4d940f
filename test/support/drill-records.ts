import { type Drill, type DrillVerdict, NOTHING_SHOWN, type ProductionFacts } from "../../src/domain/drills/drill.js";
import { toInstant } from "../../src/domain/text.js";

const AT = toInstant(Date.UTC(2026, 0, 5));
const copy = (siteId: string, power: "on" | "off") => ({
  siteId,
  power,
  heartbeat: power === "on" ? ("ok" as const) : ("none" as const),
  tools: "running" as const,
  writable: power === "on",
});

/** A machine at home that replicates. */
export const machineFacts = (itemId: string, change: Partial<ProductionFacts> = {}): ProductionFacts => ({
  itemId,
  state: "protected",
  direction: "primary-to-recovery",
  epoch: 1,
  source: copy("home", "on"),
  replica: copy("away", "off"),
  replication: "replicating",
  fingerprint: `${itemId}-1`,
  ledger: 4,
  size: "small",
  ...change,
});

export const passedVerdict = (change: Partial<DrillVerdict> = {}): DrillVerdict => ({
  ...NOTHING_SHOWN,
  ...{ result: "passed" as const, notRun: null, because: [], at: AT },
  steps: { executed: 1, notExecuted: [] },
  ...change,
});

export const drillRecord = (number: number, change: Partial<Drill> = {}): Drill => ({
  drillId: `d0000000-0000-8000-8000-${String(number).padStart(12, "0")}`,
  ...{ planId: "shop", worldId: "shop", planVersion: 1, planHash: "hash-1" },
  trigger: { kind: "request", by: "ann", idempotencyKey: `key-${number}` },
  requestedAt: toInstant(Date.UTC(2026, 0, 1) + number * 60_000),
  ...change,
});
