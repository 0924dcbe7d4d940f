import { expect, test } from "vitest";
import { type Execution, ExecutionOptions, type ItemOutcome } from "../../../src/domain/execution.js";
import { type SummaryInput, summaryOf } from "../../../src/domain/executions/summary.js";
import type { Measure } from "../../../src/domain/plans/measures.js";

const common = {
  executionId: "11111111-1111-4111-8111-111111111111",
  idempotencyKey: "key",
  worldId: "shop",
  subject: { kind: "plan", planId: "shop", planVersion: 3 },
  verb: "planned-failover",
  direction: "primary-to-recovery",
  planHash: null,
  itemIds: ["web-1"],
  options: ExecutionOptions.parse({}),
  requestedBy: "operator",
  requestedAt: "2026-11-30T03:00:00.123Z",
} as const satisfies Partial<Execution>;

const running = { ...common, status: "running" } as unknown as Execution;

const outcome = (itemId: string, changes: Partial<ItemOutcome>): ItemOutcome => ({
  itemId,
  outcome: "succeeded",
  state: "failed-over",
  activeSiteId: "weu",
  recoveryPoint: null,
  dataLoss: null,
  recoverySeconds: null,
  failure: null,
  ...changes,
});

const summary = (input: Partial<SummaryInput>): string =>
  summaryOf({
    execution: running,
    status: "running",
    planName: "Shop",
    awaits: [],
    steps: [],
    downOnBothSides: [],
    splitBrain: [],
    blockedReasons: [],
    measures: null,
    ...input,
  });

test("S1 machines that are down on both sides come first, by that name, then those that are on at both", () => {
  expect(summary({ downOnBothSides: ["db"], splitBrain: ["web-1", "web-1"] })).toMatch(
    /^Down on both sides: db\. On at both sides \(split brain\): web-1\. Planned failover/,
  );
  expect(summary({ downOnBothSides: ["web-1", "web-2"] })).toMatch(
    /^Down on both sides: web-1 and web-2\. Planned failover of plan Shop, version 3, runs/,
  );
});

test("S2 a wait says for what, since when, until when, what happens then, and by which call it ends", () => {
  const call = { method: "POST", path: "/api/executions/1/confirm" };
  const asked = {
    kind: "confirm",
    asks: "Check the orders",
    since: "2026-11-30T03:10:00.000Z",
    until: "2026-12-01T03:10:00.000Z",
    onExpiry: "the action counts as failed",
    call,
  };
  expect(summary({ status: "awaiting-input", awaits: [asked] })).toBe(
    "Planned failover of plan Shop, version 3, waits for a person to do a manual action and confirm it, since 2026-11-30T03:10:00Z: " +
      "Check the orders. After 2026-12-01T03:10:00Z the action counts as failed. Call POST /api/executions/1/confirm.",
  );
});

test("what runs is named, with how many of its machines are through", () => {
  const child = (itemId: string, endedAt?: string) => ({
    ...({ id: itemId, title: itemId, itemId, status: endedAt ? "succeeded" : "running" } as const),
    ...(endedAt === undefined ? {} : { endedAt }),
  });
  const children = [child("web-1", "2026-11-30T03:11:00.000Z"), child("web-2")];
  const steps = [
    { id: "prerequisites", title: "Check prerequisites", status: "succeeded" },
    { id: "groups/web", title: "Web", status: "running", children },
  ] as const;
  expect(summary({ steps: steps.map((step) => ({ ...step })) as SummaryInput["steps"] })).toBe(
    "Planned failover of plan Shop, version 3, runs since 2026-11-30T03:00:00Z: Web (1 of 2 machines through).",
  );
  expect(summary({})).toContain("the next step is about to begin");
  expect(summary({ blockedReasons: ["a row is damaged; restore it"] })).toContain("cannot continue: a row is damaged");
});

test("S3 steps that hang are named by their titles, and one call goes on without them all", () => {
  const stuck = (itemId: string, title: string, second: number) => ({
    ...{ kind: "continue-without", asks: `${itemId} hangs`, itemId, title },
    since: `2026-11-30T03:10:0${second}.000Z`,
    until: `2026-11-30T03:25:0${second}.000Z`,
    call: { method: "POST", path: "/api/executions/1/continue-without" },
  });
  const awaits = [
    ...["m1", "m2", "m3", "m4", "m5", "m6", "m7"].map((id, at) => stuck(id, "Shut the source down", at)),
    stuck("db", "Start the replica", 1),
  ];
  const text = summary({ awaits });
  expect(text).toBe(
    "Planned failover of plan Shop, version 3, runs since 2026-11-30T03:00:00Z: the next step is about to begin. " +
      'Hangs or takes unusually long: "Shut the source down" of m1, m2, m3, m4, m5 and 2 more since 2026-11-30T03:10:00Z, ' +
      'given up by 2026-11-30T03:25:06Z; "Start the replica" of db since 2026-11-30T03:10:01Z, ' +
      "given up by 2026-11-30T03:25:01Z. To go on without them, call POST /api/executions/1/continue-without.",
  );
  const asked = summary({ status: "awaiting-input", awaits: [{ kind: "resolve", asks: "web-1 failed" }, ...awaits] });
  expect(asked).toContain("waits for a person to decide about a failure: web-1 failed.");
  expect(asked).toContain('Hangs or takes unusually long: "Shut the source down" of m1');
  expect(asked).not.toContain("more decision");
});

test("S2 a wait for a webhook says that it calls back", () => {
  const awaits = [{ kind: "call-back", asks: "dns" }];
  expect(summary({ status: "running", awaits })).toContain("waits for the receiver of a webhook to call back: dns.");
});

test("S4 an end says how it came, how many machines came through, and names the others once", () => {
  const outcomes = [
    outcome("web-1", {}),
    outcome("db-1", { outcome: "failed" }),
    outcome("app-1", { outcome: "skipped" }),
    outcome("old-1", { outcome: "excluded" }),
  ];
  const failure = { code: "stopped", message: "group Databases did not get through: 1 of 1 items failed" };
  const execution = {
    ...common,
    status: "failed",
    failure,
    outcomes,
    endedAt: common.requestedAt,
  } as unknown as Execution;
  expect(summary({ execution, status: "failed" })).toBe(
    "Planned failover of plan Shop, version 3, failed: group Databases did not get through: 1 of 1 items failed. " +
      "1 of 3 machines came through. Failed: db-1. Not begun: app-1. Left out, as asked: old-1.",
  );
});

test("S4 an end says what was lost and how long it took, against the objectives", () => {
  const execution = {
    ...common,
    status: "succeeded",
    outcomes: [outcome("web-1", {})],
    endedAt: common.requestedAt,
  } as unknown as Execution;
  const of = (plan: Measure) => summary({ execution, status: "succeeded", measures: { plan, groups: [], items: [] } });
  const measure = { dataLossSeconds: 149.008, recoverySeconds: 2_520, rpoMet: true, rtoMet: false };
  expect(of(measure)).toBe(
    "Planned failover of plan Shop, version 3, succeeded. 1 of 1 machine came through. " +
      "In the time of the estate: worst data loss 149 s (objective met), recovery in 42 min (objective missed).",
  );
  expect(of({ dataLossSeconds: null, recoverySeconds: null, rpoMet: null, rtoMet: null })).toMatch(/came through\.$/);
  expect(of({ dataLossSeconds: null, recoverySeconds: null, rpoMet: false, rtoMet: false })).toContain(
    "data loss unknown (objective missed), recovery incomplete (objective missed)",
  );
});
