import { describe, expect, test } from "vitest";
import type { Steering } from "../../../src/domain/steering/steering.js";
import { pendingApproval } from "../../support/pending-approval.js";
import type { SteeringAct } from "../client/steering-requests.js";
import type { ClientEntry } from "../evidence.js";
import { EvidenceBuilder, executionIdOf } from "./support/evidence-builder.js";
import { violatedBy } from "./support/scenarios.js";

const HOUR = 3_600;
const EXECUTION = executionIdOf(1);

type Made = { [A in Steering["action"]]: Omit<Extract<Steering, { action: A }>, "person" | "reason" | "at"> };

/** An unplanned failover under way, whose record is steered by hand. */
class SteeredRun {
  readonly builder: EvidenceBuilder;
  #list: Steering[] = [];

  private constructor(builder: EvidenceBuilder) {
    this.builder = builder;
  }

  static async begin(verb: "unplanned-failover" | "planned-failover" = "unplanned-failover"): Promise<SteeredRun> {
    const builder = await EvidenceBuilder.create();
    builder.execution(1, verb);
    builder.hold(1, verb, "failing-over");
    return new SteeredRun(builder);
  }

  /** One more act in the record. */
  steer(made: Made[Steering["action"]]): this {
    this.#list = [...this.#list, { person: "sam", reason: "", at: this.builder.at, ...made } as Steering];
    this.write(this.#list);
    return this;
  }

  write(steering: readonly Steering[]): void {
    this.builder.execution(1, "unplanned-failover", { steering });
  }

  ask(act: SteeringAct, changes: Partial<ClientEntry> = {}): ClientEntry {
    return this.builder.request({ kind: "steer", executionId: EXECUTION, person: "sam", act }, changes);
  }

  pass(seconds: number): this {
    this.builder.clock.pass(seconds);
    return this;
  }

  /** Whether the evidence violates one invariant. */
  async violates(invariant: string): Promise<boolean> {
    return (await violatedBy(this.builder)).some((one) => one === invariant);
  }
}

describe("I31 a pause holds", () => {
  test("a step begins while the execution is paused", async () => {
    const run = await SteeredRun.begin();
    run.steer({ action: "pause" }).pass(HOUR);
    await run.builder.item("stop-replication", {});
    expect(await run.violates("I31")).toBe(true);
  });

  test("a call of an action is made while the execution is paused", async () => {
    const run = await SteeredRun.begin();
    run.steer({ action: "pause" }).pass(HOUR);
    const atMs = run.builder.clock.now();
    const call = { atMs, generation: 1, executionId: EXECUTION, actionId: "look", answered: true };
    run.builder.evidence.effects.webhooks.push(call);
    expect(await run.violates("I31")).toBe(true);
  });

  test("what began before goes on, an undo is not paused, and the next step begins after the resume", async () => {
    const run = await SteeredRun.begin();
    await run.builder.item("shut-down-source", {});
    run.steer({ action: "pause" }).pass(HOUR);
    await run.builder.item("restart-source", {});
    run.steer({ action: "resume" }).pass(HOUR);
    await run.builder.item("stop-replication", {});
    expect(await run.violates("I31")).toBe(false);
  });

  test("a cancel ends a pause", async () => {
    const run = await SteeredRun.begin();
    run.steer({ action: "pause" });
    const cancelRequest = { behaviour: "restore-protection", requestedBy: "sam", requestedAt: run.builder.at };
    run.builder.execution(1, "unplanned-failover", { cancelRequest });
    run.pass(HOUR);
    await run.builder.item("stop-replication", {});
    expect(await run.violates("I31")).toBe(false);
  });
});

describe("I32 a skipped step does not begin", () => {
  const stepIds = ["shutdown/items/item-1/shut-down-source"];

  test("it begins after the skip", async () => {
    const run = await SteeredRun.begin();
    run.steer({ action: "skip", stepIds }).pass(HOUR);
    await run.builder.item("shut-down-source", {});
    expect(await run.violates("I32")).toBe(true);
  });

  test("it had begun before the skip, and others begin", async () => {
    const run = await SteeredRun.begin();
    await run.builder.item("shut-down-source", {});
    run.steer({ action: "skip", stepIds }).pass(HOUR);
    await run.builder.item("stop-replication", {});
    expect(await run.violates("I32")).toBe(false);
  });

  /** An edit takes the second item out, before or after the shutdown has begun. */
  async function takenOut({ begun }: { begun: boolean }): Promise<boolean> {
    const builder = await EvidenceBuilder.create(2);
    builder.execution(1, "planned-failover");
    for (const itemId of ["item-1", "item-2"]) builder.hold(1, "planned-failover", "failing-over", itemId);
    if (begun) await builder.item("shut-down-source", {});
    const groups = [{ id: "first", name: "First", items: [{ id: "item-1" }] }];
    const { version, hash } = builder.plan({ groups });
    const made = { person: "sam", reason: "", at: builder.at, action: "edit", planVersion: version, planHash: hash };
    builder.execution(1, "planned-failover", { steering: [made] });
    builder.clock.pass(HOUR);
    await builder.item("shut-down-source", {}, { subject: "item-2" });
    return (await violatedBy(builder)).includes("I32");
  }

  test("an item that was taken out before the shutdown is shut down", async () => {
    expect(await takenOut({ begun: false })).toBe(true);
  });

  test("an item that was taken out during the shutdown goes through it", async () => {
    expect(await takenOut({ begun: true })).toBe(false);
  });
});

describe("I33 steering is recorded once and kept", () => {
  const extension = { stepId: "validation", minutes: 5 } as const;

  test("every kind, acknowledged and recorded", async () => {
    const run = await SteeredRun.begin();
    const from = run.builder.at;
    run.steer({ action: "pause" });
    run.ask({ action: "pause" });
    run.pass(HOUR).steer({ action: "resume" });
    run.ask({ action: "resume" });
    run.steer({ action: "extend", ...extension, from });
    const first = run.ask({ action: "extend", ...extension, until: from });
    run.ask({ action: "extend", ...extension, until: from }, { repeats: first.n });
    run.steer({ action: "retry", itemIds: ["item-1"], asks: 0 });
    run.ask({ action: "retry", itemIds: ["item-1"] });
    run.steer({ action: "skip", stepIds: ["groups/all/items/item-1/await-probes"] });
    run.ask({ action: "skip", stepIds: ["groups/all/items/item-1/await-probes"] });
    run.steer({ action: "switch-to-unplanned" });
    run.ask({ action: "switch-to-unplanned" });
    expect(await run.violates("I33")).toBe(false);
  });

  test.each<[string, SteeringAct]>([
    ["pause", { action: "pause" }],
    ["switch", { action: "switch-to-unplanned" }],
    ["skip", { action: "skip", stepIds: ["groups/all/items/item-1/await-probes"] }],
    ["skip of an action", { action: "skip", stepIds: ["action/look"] }],
    ["retry", { action: "retry", itemIds: ["item-1"] }],
    ["edit", { action: "edit", planVersion: 7 }],
    ["extension", { action: "extend", ...extension, until: "2026-01-01T00:00:00.000Z" }],
  ])("a %s was acknowledged and is nowhere", async (_, act) => {
    const run = await SteeredRun.begin();
    run.ask(act);
    expect(await run.violates("I33")).toBe(true);
  });

  test("a resume was acknowledged, and the execution stays paused", async () => {
    const run = await SteeredRun.begin();
    run.steer({ action: "pause" }).pass(HOUR);
    run.ask({ action: "resume" });
    run.pass(HOUR);
    expect(await run.violates("I33")).toBe(true);
  });

  test("the record forgets an act", async () => {
    const run = await SteeredRun.begin();
    run.steer({ action: "pause" }).steer({ action: "resume" });
    run.write([]);
    expect(await run.violates("I33")).toBe(true);
  });

  test("an act is recorded twice", async () => {
    const run = await SteeredRun.begin();
    run.steer({ action: "switch-to-unplanned" }).steer({ action: "switch-to-unplanned" });
    expect(await run.violates("I33")).toBe(true);
  });

  test("a request is refused when it is sent again", async () => {
    const run = await SteeredRun.begin();
    run.steer({ action: "switch-to-unplanned" });
    const first = run.ask({ action: "switch-to-unplanned" });
    run.ask(
      { action: "switch-to-unplanned" },
      { repeats: first.n, outcome: "refused", code: "steering-refused", answer: "no" },
    );
    expect(await run.violates("I33")).toBe(true);
  });
});

test("I23 a refused act of steering changes the store, or does not", async () => {
  const run = await SteeredRun.begin();
  const refused = { outcome: "refused", code: "steering-refused", answer: "no" } as const;
  const { n } = run.ask({ action: "pause" }, refused);
  expect(await run.violates("I23")).toBe(false);
  run.steer({ action: "pause" });
  const written = run.builder.evidence.store.journal.at(-1);
  if (written !== undefined) written.request = n;
  expect(await run.violates("I23")).toBe(true);
  // A decision is announced to the sweep before it is recorded, and another one may overtake it.
  if (written !== undefined) Object.assign(written, { table: "Executions", partition: "unsettled" });
  expect(await run.violates("I23")).toBe(false);
});

test.each([
  ["before", 0, true],
  ["while", 10, false],
])(
  "I23 more time that is refused was recorded, and its approval ended %s the request",
  async (_, seconds, expected) => {
    const run = await SteeredRun.begin();
    const { builder } = run;
    const record = { ...pendingApproval({ executionId: EXECUTION }), status: "expired" };
    const operations = [
      { kind: "put" as const, row: `record.${record.content.approvalId}`, json: JSON.stringify(record) },
    ];
    const beganMs = builder.clock.now() + 5_000;
    const endsMs = builder.clock.now() + seconds * 1_000;
    const place = { table: "Approvals", partition: "w", generation: 1, answered: true, n: 1_000 };
    const act = { action: "extend", stepId: "approval/a0", until: builder.at, minutes: 60 } as const;
    const refused = { outcome: "refused", code: "approval-void", answer: "it is over" } as const;
    const { n } = run.ask(act, { ...refused, atMs: beganMs, endedMs: beganMs + 10_000 });
    builder.evidence.store.journal.push({ ...place, atMs: endsMs, operations });
    run.pass(8).steer({ action: "extend", stepId: act.stepId, minutes: 60, from: act.until });
    const written = builder.evidence.store.journal.at(-1);
    if (written !== undefined) written.request = n;
    expect(await run.violates("I23")).toBe(expected);
  },
);
