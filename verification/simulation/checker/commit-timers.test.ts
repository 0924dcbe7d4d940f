import { describe, expect, test } from "vitest";
import type { RunningTimer, TimerEnd } from "../../../src/domain/commit-timer/commit-timer.js";
import { EvidenceBuilder, executionIdOf } from "./support/evidence-builder.js";
import { commit, failOver, outcome, violatedBy } from "./support/scenarios.js";

const MINUTE = 60;
const AFTER_MINUTES = 60;

/** A planned failover that ended, and whose commit timer runs. */
class TimedFailover {
  readonly builder: EvidenceBuilder;
  #timer: RunningTimer;

  private constructor(builder: EvidenceBuilder, timer: RunningTimer) {
    this.builder = builder;
    this.#timer = timer;
    this.change({});
  }

  static async end(onExpiry: RunningTimer["onExpiry"] = "commit", minutes = AFTER_MINUTES): Promise<TimedFailover> {
    const builder = await EvidenceBuilder.create();
    const probes = onExpiry === "probes" ? { probes: [{ kind: "tcp" as const, port: 9 }] } : {};
    builder.plan({ commitTimer: { afterMinutes: AFTER_MINUTES, onExpiry, ...probes } });
    await failOver(builder);
    const since = builder.at;
    const until = new Date(builder.clock.now() + minutes * MINUTE * 1_000).toISOString();
    return new TimedFailover(builder, { since, until, onExpiry });
  }

  change(changes: Partial<RunningTimer>): this {
    this.#timer = { ...this.#timer, ...changes };
    this.builder.execution(1, "planned-failover", { commitTimer: this.#timer });
    return this;
  }

  pass(minutes: number): this {
    this.builder.clock.pass(minutes * MINUTE);
    return this;
  }

  decide(verb: "commit" | "cancel-failover" = "commit"): this {
    return this.change({ decided: { verb, because: "nobody decided", itemIds: ["item-1"], at: this.builder.at } });
  }

  /** What it decided on begins as execution 2, and ends. */
  async commit(): Promise<this> {
    const requestedBy = `commit timer of execution ${executionIdOf(1)}`;
    this.builder.execution(2, "commit", { requestedBy, admission: { admitted: true } });
    await commit(this.builder);
    return this.end({ kind: "started", verb: "commit", executionId: executionIdOf(2), because: "nobody decided" });
  }

  end(end: WithoutTime<TimerEnd>): this {
    return this.change({ end: { at: this.builder.at, ...end } as TimerEnd });
  }

  async violates(): Promise<boolean> {
    return (await violatedBy(this.builder)).includes("I34");
  }
}

type WithoutTime<E> = E extends unknown ? Omit<E, "at"> : never;

const CANCEL = {
  ...({ kind: "change-timer", executionId: executionIdOf(1), person: "sam" } as const),
  act: { action: "cancel" },
} as const;

describe("I34 a commit timer decides once, in time, and never against a person", () => {
  test("it commits when its time is over", async () => {
    const timer = await TimedFailover.end();
    await timer.pass(AFTER_MINUTES).decide().commit();
    expect(await timer.violates()).toBe(false);
  });

  test("it decides before its time", async () => {
    const timer = await TimedFailover.end();
    await timer
      .pass(AFTER_MINUTES - 10)
      .decide()
      .commit();
    expect(await timer.violates()).toBe(true);
  });

  test("it decides before its time because a clock was ahead", async () => {
    const timer = await TimedFailover.end();
    timer.pass(AFTER_MINUTES - 10);
    const jump = { atMs: timer.builder.clock.now(), kind: "clock-jump", generation: 1, skewMs: 900_000 } as const;
    timer.builder.evidence.injectedFaults.push(jump);
    await timer.decide().commit();
    expect(await timer.violates()).toBe(false);
  });

  test("it begins for another time than its plan says", async () => {
    const timer = await TimedFailover.end("commit", AFTER_MINUTES / 2);
    await timer.pass(AFTER_MINUTES).decide().commit();
    expect(await timer.violates()).toBe(true);
  });

  test("it never ends", async () => {
    const timer = await TimedFailover.end();
    timer.pass(10 * AFTER_MINUTES);
    expect(await timer.violates()).toBe(true);
  });

  test("the plan wants one, and none begins", async () => {
    const builder = await EvidenceBuilder.create();
    builder.plan({ commitTimer: { afterMinutes: AFTER_MINUTES, onExpiry: "commit" } });
    await failOver(builder);
    builder.ended(1, "planned-failover", [outcome({})]);
    expect(await violatedBy(builder)).toContain("I34");
  });

  test("it was cancelled, and does nothing", async () => {
    const timer = await TimedFailover.end();
    timer.end({ kind: "cancelled", by: "sam" });
    timer.builder.request(CANCEL);
    expect(await timer.violates()).toBe(false);
  });

  test("its cancel was acknowledged, and it commits nevertheless", async () => {
    const timer = await TimedFailover.end();
    timer.builder.request(CANCEL);
    await timer.pass(AFTER_MINUTES).decide().commit();
    expect(await timer.violates()).toBe(true);
  });

  test("its extension was acknowledged, and its record does not have it", async () => {
    const timer = await TimedFailover.end();
    const until = new Date(timer.builder.clock.now() + 2 * AFTER_MINUTES * MINUTE * 1_000).toISOString();
    timer.builder.request({ ...CANCEL, act: { action: "extend", until } });
    await timer.pass(AFTER_MINUTES).decide().commit();
    expect(await timer.violates()).toBe(true);
  });

  test("it commits, and ends as cancelled", async () => {
    const timer = await TimedFailover.end();
    await timer.pass(AFTER_MINUTES).decide().commit();
    timer.end({ kind: "cancelled", by: "sam" });
    expect(await timer.violates()).toBe(true);
  });

  test("it decides to roll back, although it is to commit", async () => {
    const timer = await TimedFailover.end();
    timer.pass(AFTER_MINUTES).decide("cancel-failover");
    timer.end({ kind: "refused", verb: "cancel-failover", code: "item-held", because: "held" });
    expect(await timer.violates()).toBe(true);
  });

  test("it commits, although nobody can have answered its probe", async () => {
    const timer = await TimedFailover.end("probes");
    await timer.pass(AFTER_MINUTES).decide().commit();
    expect(await timer.violates()).toBe(true);
  });

  test.each([
    ["a person committed first, and it does nothing", false],
    ["a person committed first, and it decides nevertheless", true],
  ])("%s", async (_, decides) => {
    const timer = await TimedFailover.end();
    timer.pass(10);
    await commit(timer.builder, 3);
    timer.pass(AFTER_MINUTES);
    if (decides) timer.decide("commit").end({ kind: "refused", verb: "commit", code: "no-such-action", because: "no" });
    else timer.end({ kind: "taken-over", because: "item item-1 is committed now" });
    expect(await timer.violates()).toBe(decides);
  });
});
