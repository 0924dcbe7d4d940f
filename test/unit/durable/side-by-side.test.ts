import { afterEach, describe, expect, test } from "vitest";
import type { ActivityCall, ActivityEnd } from "../../../host/durable/engine/index.js";
import { Engine } from "./support.js";

let engine: Engine;
afterEach(() => engine.close());

interface Work {
  of: string;
  part: number;
}
interface Step {
  input: { ask: { round: number }; input: Work };
}
type Answer = object;

const done = ({ of, part }: Work): Answer => ({ ok: true, value: { state: "done", result: { made: `${of}${part}` } } });
const later = (waitMs: number, slackMs?: number): Answer => ({
  ok: true,
  value: { state: "waiting", waitMs, slackMs },
});

/** An engine whose steps answer as told, with the steps of each call that it made. */
async function opened(answer: (work: Work, round: number) => Answer) {
  const calls: string[][] = [];
  engine = await Engine.open(async (call: ActivityCall): Promise<ActivityEnd> => {
    const { steps } = JSON.parse(call.input ?? "{}") as { steps: Step[] };
    calls.push(steps.map(({ input: { ask, input } }) => `${input.of}${input.part}.${ask.round}`));
    const answers = steps.map(({ input: { ask, input } }) => answer(input, ask.round));
    return { ok: true, result: JSON.stringify({ ok: true, value: { answers } }) };
  });
  return calls;
}

const tell = async (...stories: { of: string; parts: number }[]) => {
  await engine.start("tell", { stories });
  return (await engine.output()) as { told: { of: string; made: string[]; failure?: string }[]; rests: number };
};

describe("stories told side by side", () => {
  test("what they want at a moment is one call, and each goes on with its own answer", async () => {
    const calls = await opened(done);
    const { told } = await tell({ of: "a", parts: 2 }, { of: "b", parts: 3 }, { of: "c", parts: 1 });
    expect(calls).toEqual([["a1.0", "b1.0", "c1.0"], ["a2.0", "b2.0"], ["b3.0"]]);
    expect(told).toEqual([
      { of: "a", made: ["a1", "a2"] },
      { of: "b", made: ["b1", "b2", "b3"] },
      { of: "c", made: ["c1"] },
    ]);
  });

  test("one that waits keeps none of the others", async () => {
    const calls = await opened((work, round) => (work.of === "slow" && round === 0 ? later(60_000) : done(work)));
    const beganMs = engine.clock.now();
    await tell({ of: "slow", parts: 1 }, { of: "b", parts: 2 });
    expect(calls).toEqual([["slow1.0", "b1.0"], ["b2.0"], ["slow1.1"]]);
    expect(engine.clock.now() - beganMs).toBeGreaterThanOrEqual(60_000);
  });

  test("those that come due at one moment are asked in one call", async () => {
    const calls = await opened((work, round) => (round === 0 ? later(5_000) : done(work)));
    await tell({ of: "a", parts: 1 }, { of: "b", parts: 1 });
    expect(calls).toEqual([
      ["a1.0", "b1.0"],
      ["a1.1", "b1.1"],
    ]);
  });

  test("those that may wait somewhat longer are asked together, at the last of their moments", async () => {
    const waits: Record<string, number> = { a: 10_000, b: 10_400, c: 11_000, d: 11_100 };
    const calls = await opened((work, round) => (round === 0 ? later(waits[work.of] ?? 0, 1_000) : done(work)));
    const beganMs = engine.clock.now();
    await tell(...Object.keys(waits).map((of) => ({ of, parts: 1 })));
    expect(calls.slice(1)).toEqual([["a1.1", "b1.1", "c1.1"], ["d1.1"]]);
    expect(engine.clock.now() - beganMs).toBe(11_100);
  });

  test("a refusal ends its own story, and is not asked again", async () => {
    const refusal = { ok: false, code: "operation-refused", message: "not this one", details: [] };
    const calls = await opened((work) => (work.of === "bad" ? refusal : done(work)));
    const { told } = await tell({ of: "bad", parts: 2 }, { of: "b", parts: 2 });
    expect(told[0]).toEqual({ of: "bad", made: [], failure: "[operation-refused] not this one" });
    expect(told[1]?.made).toEqual(["b1", "b2"]);
    expect(calls).toEqual([["bad1.0", "b1.0"], ["b2.0"]]);
  });

  test("a fault is tried again as its contract says, without the others, and then ends its story", async () => {
    let faults = 0;
    const fault = { ok: false, fault: "[operation-failed] it did not begin" };
    const calls = await opened((work) => {
      if (work.of !== "bad" || (work.part === 1 && ++faults > 2)) return done(work);
      return fault;
    });
    const { told } = await tell({ of: "bad", parts: 2 }, { of: "b", parts: 1 });
    expect(told).toEqual([
      { of: "bad", made: ["bad1"], failure: "[operation-failed] it did not begin" },
      { of: "b", made: ["b1"] },
    ]);
    expect(calls.flat().filter((step) => step === "bad1.0")).toHaveLength(3);
    expect(calls.flat().filter((step) => step === "bad2.0")).toHaveLength(5);
    expect(calls.flat().filter((step) => step === "b1.0")).toHaveLength(1);
  });

  test("none of them is nothing to do", async () => {
    const calls = await opened(done);
    expect(await tell()).toEqual({ told: [], rests: 1 });
    expect(calls).toEqual([]);
  });
});
