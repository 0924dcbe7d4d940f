import { describe, expect, test } from "vitest";
import { Admission, kindOf, type RequestKind, TooManyRequests, UNLIMITED } from "../../../src/api/admission.js";
import { ROUTES } from "../../../src/api/routes.js";

const LIMITS = { burst: 4, perSecond: 2, concurrent: 2, waiting: 6 };

function testAdmission() {
  let nowMs = 0;
  const admission = new Admission(
    { ...UNLIMITED, start: LIMITS, webhook: { burst: 1, perSecond: 1, concurrent: 1, waiting: 2 } },
    { now: () => nowMs },
  );
  const refusalOf = async (kind: RequestKind, caller: string): Promise<TooManyRequests | null> => {
    try {
      (await admission.enter(kind, caller))();
      return null;
    } catch (thrown) {
      if (thrown instanceof TooManyRequests) return thrown;
      throw thrown;
    }
  };
  const refusalsOf = async (times: number, kind: RequestKind, caller: string) => {
    const codes: string[] = [];
    for (let at = 0; at < times; at += 1) codes.push((await refusalOf(kind, caller))?.code ?? "taken");
    return codes;
  };
  return { admission, refusalOf, refusalsOf, pass: (ms: number) => (nowMs += ms) };
}

const TAKEN = "taken";
const REFUSED = "too-many-requests";

describe("the rate of a caller", () => {
  test("a burst is taken, then the rate; the refusal says when the next request will be taken", async () => {
    const { refusalOf, refusalsOf, pass } = testAdmission();
    expect(await refusalsOf(5, "start", "ada")).toEqual([TAKEN, TAKEN, TAKEN, TAKEN, REFUSED]);
    expect(await refusalOf("start", "ada")).toMatchObject({ retryAfterSeconds: 1 });
    pass(500);
    expect(await refusalsOf(2, "start", "ada")).toEqual([TAKEN, REFUSED]);
    pass(3_600_000);
    expect(await refusalsOf(5, "start", "ada")).toEqual([TAKEN, TAKEN, TAKEN, TAKEN, REFUSED]);
  });

  test("the refusals of one caller do not concern another one, or another kind of request", async () => {
    const { refusalOf, refusalsOf } = testAdmission();
    expect((await refusalsOf(20, "start", "ada")).at(-1)).toBe(REFUSED);
    expect(await refusalOf("start", "grace")).toBeNull();
    expect(await refusalOf("read", "ada")).toBeNull();
  });

  test("a clock that is set back gives no tokens and takes none", async () => {
    const { refusalOf, pass } = testAdmission();
    expect(await refusalOf("webhook", "slack")).toBeNull();
    pass(-3_600_000);
    expect((await refusalOf("webhook", "slack"))?.retryAfterSeconds).toBe(1);
    pass(1_000);
    expect(await refusalOf("webhook", "slack")).toBeNull();
  });
});

describe("requests under way", () => {
  test("who finds no place waits, and gets the next one in the order of arrival", async () => {
    const { admission } = testAdmission();
    const places = await Promise.all([admission.enter("start", "a"), admission.enter("start", "b")]);
    const got: string[] = [];
    const enter = (name: string) => admission.enter("start", name).then((leave) => [got.push(name), leave] as const);
    const [third, fourth] = [enter("c"), enter("d")];
    await Promise.resolve();
    expect(got).toEqual([]);
    places[0]?.();
    places[0]?.();
    const [, leave] = await third;
    expect(got).toEqual(["c"]);
    leave();
    await fourth;
    expect(got).toEqual(["c", "d"]);
  });

  test("one caller has at most three quarters of the places and of the queue", async () => {
    const { admission, refusalOf, pass } = testAdmission();
    const entered = [1, 2, 3, 4].map(() => admission.enter("start", "ada"));
    pass(60_000);
    entered.push(admission.enter("start", "ada"), admission.enter("start", "ada"));
    expect((await refusalOf("start", "ada"))?.code).toBe(REFUSED);
    const other = refusalOf("start", "grace");
    for (const one of entered) (await one)();
    expect(await other).toBeNull();
    pass(60_000);
    expect(await refusalOf("start", "ada")).toBeNull();
  });

  test("a flood under new names takes the places of its kind, and no more", async () => {
    const { admission, refusalOf } = testAdmission();
    const flood = ["a", "b", "c"].map((name) => admission.enter("webhook", name));
    expect((await refusalOf("webhook", "d"))?.code).toBe(REFUSED);
    expect(await refusalOf("start", "ada")).toBeNull();
    expect(await refusalOf("read", "ada")).toBeNull();
    for (const one of flood) (await one)();
    expect(await refusalOf("webhook", "d")).toBeNull();
  });

  test("a request that was refused for lack of places costs no token", async () => {
    const { admission, refusalsOf, pass } = testAdmission();
    const places = ["a", "b", "c"].map((name) => admission.enter("webhook", name));
    expect(await refusalsOf(3, "webhook", "slack")).toEqual([REFUSED, REFUSED, REFUSED]);
    for (const one of places) (await one)();
    expect(await refusalsOf(2, "webhook", "slack")).toEqual([TAKEN, REFUSED]);
    pass(1_000);
    expect(await refusalsOf(1, "webhook", "slack")).toEqual([TAKEN]);
  });
});

test("callers that were silent longest are forgotten, so that a flood of names fits into memory", async () => {
  const { refusalOf, refusalsOf } = testAdmission();
  expect((await refusalsOf(5, "start", "ada")).at(-1)).toBe(REFUSED);
  for (let name = 0; name < 9_999; name += 1) await refusalOf("start", `flood-${name}`);
  expect((await refusalOf("start", "ada"))?.code).toBe(REFUSED);
  for (let name = 0; name < 10_000; name += 1) await refusalOf("start", `later-${name}`);
  expect(await refusalOf("start", "ada")).toBeNull();
});

test("the kind of a route follows from its right, its method and its key", () => {
  expect(kindOf(ROUTES.getExecution)).toBe("read");
  expect(kindOf(ROUTES.startOnPlan)).toBe("start");
  expect(kindOf(ROUTES.startOnItem)).toBe("start");
  expect(kindOf(ROUTES.confirm)).toBe("change");
  expect(kindOf(ROUTES.completeAction)).toBe("webhook");
});
