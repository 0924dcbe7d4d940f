import { afterEach, describe, expect, test } from "vitest";
import type { ActivityCall, ActivityEnd } from "../../../host/durable/engine/index.js";
import { Engine } from "../../support/durable-engine.js";

let engine: Engine;
afterEach(() => engine.close());

interface Work {
  of: string;
  part: number;
}
interface Step {
  step: string;
  key: string;
  input: { request: { round: number }; input: Work };
}
type Result = object;

const done = ({ of, part }: Work): Result => ({ ok: true, value: { state: "done", result: { made: `${of}${part}` } } });
const later = (waitMs: number, slackMs?: number): Result => ({
  ok: true,
  value: { state: "waiting", waitMs, slackMs },
});

/** An engine whose steps come out as `resultOf` says, and the steps of each call that it made. */
async function opened(resultOf: (work: Work, round: number) => Result, recorded = (step: Step): Partial<Step> => step) {
  const calls: string[][] = [];
  engine = await Engine.open(async (call: ActivityCall): Promise<ActivityEnd> => {
    const { steps } = JSON.parse(call.input ?? "{}") as { steps: Step[] };
    calls.push(steps.map(({ input: { request, input } }) => `${input.of}${input.part}.${request.round}`));
    const answers = steps.map((one) => {
      const { step, key } = recorded(one);
      return { step, key, result: resultOf(one.input.input, one.input.request.round) };
    });
    return { ok: true, result: JSON.stringify({ ok: true, value: { answers } }) };
  });
  return calls;
}

const runAll = async (...fibers: { of: string; parts: number }[]) => {
  await engine.start("fibers", { fibers });
  return (await engine.output()) as { results: { of: string; made: string[]; failure?: string }[]; idles: number };
};

describe("the fiber scheduler", () => {
  test("F1 F3 the steps that fibers ask for at a moment are one call, and each goes on with its own answer", async () => {
    const calls = await opened(done);
    const { results } = await runAll({ of: "a", parts: 2 }, { of: "b", parts: 3 }, { of: "c", parts: 1 });
    expect(calls).toEqual([["a1.0", "b1.0", "c1.0"], ["a2.0", "b2.0"], ["b3.0"]]);
    expect(results).toEqual([
      { of: "a", made: ["a1", "a2"] },
      { of: "b", made: ["b1", "b2", "b3"] },
      { of: "c", made: ["c1"] },
    ]);
  });

  test("F1 a fiber that sleeps does not keep the others from going on", async () => {
    const calls = await opened((work, round) => (work.of === "slow" && round === 0 ? later(60_000) : done(work)));
    const beganMs = engine.clock.now();
    await runAll({ of: "slow", parts: 1 }, { of: "b", parts: 2 });
    expect(calls).toEqual([["slow1.0", "b1.0"], ["b2.0"], ["slow1.1"]]);
    expect(engine.clock.now() - beganMs).toBeGreaterThanOrEqual(60_000);
  });

  test("F5 fibers that come due at one time share a call", async () => {
    const calls = await opened((work, round) => (round === 0 ? later(5_000) : done(work)));
    await runAll({ of: "a", parts: 1 }, { of: "b", parts: 1 });
    expect(calls).toEqual([
      ["a1.0", "b1.0"],
      ["a1.1", "b1.1"],
    ]);
  });

  test("F5 sleeps with slack wake together, at the last due time within the slack of all", async () => {
    const waits: Record<string, number> = { a: 10_000, b: 10_400, c: 11_000, d: 11_100 };
    const calls = await opened((work, round) => (round === 0 ? later(waits[work.of] ?? 0, 1_000) : done(work)));
    const beganMs = engine.clock.now();
    await runAll(...Object.keys(waits).map((of) => ({ of, parts: 1 })));
    expect(calls.slice(1)).toEqual([["a1.1", "b1.1", "c1.1"], ["d1.1"]]);
    expect(engine.clock.now() - beganMs).toBe(11_100);
  });

  test("F4 a refusal ends its own fiber and is not retried", async () => {
    const refusal = { ok: false, code: "operation-refused", message: "not this one", details: [] };
    const calls = await opened((work) => (work.of === "bad" ? refusal : done(work)));
    const { results } = await runAll({ of: "bad", parts: 2 }, { of: "b", parts: 2 });
    expect(results[0]).toEqual({ of: "bad", made: [], failure: "[operation-refused] not this one" });
    expect(results[1]?.made).toEqual(["b1", "b2"]);
    expect(calls).toEqual([["bad1.0", "b1.0"], ["b2.0"]]);
  });

  test("F4 a fault is retried as its contract says, for its own fiber, and then ends that fiber", async () => {
    let faults = 0;
    const fault = { ok: false, fault: "[operation-failed] it did not begin" };
    const calls = await opened((work) => {
      if (work.of !== "bad" || (work.part === 1 && ++faults > 2)) return done(work);
      return fault;
    });
    const { results } = await runAll({ of: "bad", parts: 2 }, { of: "b", parts: 1 });
    expect(results).toEqual([
      { of: "bad", made: ["bad1"], failure: "[operation-failed] it did not begin" },
      { of: "b", made: ["b1"] },
    ]);
    expect(calls.flat().filter((step) => step === "bad1.0")).toHaveLength(3);
    expect(calls.flat().filter((step) => step === "bad2.0")).toHaveLength(5);
    expect(calls.flat().filter((step) => step === "b1.0")).toHaveLength(1);
  });

  test.each([
    [
      "another step",
      (one: Step) => ({ ...one, step: "rest" }),
      "history has rest of a, the workflow asks for work of a",
    ],
    ["another key", (one: Step) => ({ ...one, key: "z" }), "history has work of z, the workflow asks for work of a"],
  ])("F2 an answer of %s is non-determinism, and names both", async (_what, recorded, message) => {
    await opened(done, recorded);
    await expect(runAll({ of: "a", parts: 1 })).rejects.toThrow(`[non-determinism] ${message}`);
  });

  const stuckFor = (waitMs: number): Result => ({
    ok: true,
    value: { state: "waiting", waitMs, stuck: "hanging" },
  });
  const without = (key: string, step = "work") => ({ without: [{ key, step, because: "ops go on" }] });

  test("F6 a step that a person does not wait for ends at once, and wakes nobody else", async () => {
    const calls = await opened((work, round) => (round === 0 && work.of !== "quick" ? stuckFor(600_000) : done(work)));
    const beganMs = engine.clock.now();
    engine.raise(2_000, "wake", without("a"));
    const { results } = await runAll({ of: "a", parts: 2 }, { of: "b", parts: 1 }, { of: "quick", parts: 1 });
    expect(results).toEqual([
      { of: "a", made: [], failure: "[continued-without] ops go on" },
      { of: "b", made: ["b1"] },
      { of: "quick", made: ["quick1"] },
    ]);
    expect(calls).toEqual([["a1.0", "b1.0", "quick1.0"], ["b1.1"]]);
    expect(engine.clock.now() - beganMs).toBe(600_000);
  });

  test.each([
    ["another step", without("a", "rest")],
    ["another fiber", without("z")],
    ["nothing that can be read", { without: "a" }],
  ])("F6 a wake that names %s ends nothing", async (_what, event) => {
    const calls = await opened((work, round) => (round === 0 ? stuckFor(2_000) : done(work)));
    engine.raise(1_000, "wake", event);
    const { results } = await runAll({ of: "a", parts: 1 });
    expect(results).toEqual([{ of: "a", made: ["a1"] }]);
    expect(calls).toEqual([["a1.0"], ["a1.1"]]);
  });

  test("F6 a decision that arrives while the fiber is at work is taken when it sleeps again", async () => {
    const calls = await opened((work, round) => {
      if (round === 1) engine.raise(0, "wake", without("a"));
      return round < 3 ? stuckFor(1_000) : done(work);
    });
    const { results } = await runAll({ of: "a", parts: 1 });
    expect(results).toEqual([{ of: "a", made: [], failure: "[continued-without] ops go on" }]);
    expect(calls).toEqual([["a1.0"], ["a1.1"]]);
  });

  test("F5 a wake without steps wakes every fiber soon", async () => {
    await opened((work, round) => (round === 0 ? later(600_000) : done(work)));
    const beganMs = engine.clock.now();
    engine.raise(10_000, "wake", {});
    await runAll({ of: "a", parts: 1 }, { of: "b", parts: 1 });
    expect(engine.clock.now() - beganMs).toBeLessThan(20_000);
  });

  test("no fibers are no call", async () => {
    const calls = await opened(done);
    expect(await runAll()).toEqual({ results: [], idles: 1 });
    expect(calls).toEqual([]);
  });
});
