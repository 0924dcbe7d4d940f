import { describe, expect, test } from "vitest";
import { Admission, kindOf, TooManyRequests, UNLIMITED } from "../../../src/api/admission.js";
import { ROUTES } from "../../../src/api/routes.js";

const LIMITS = { burst: 4, perSecond: 2, concurrent: 8 };

function testAdmission() {
  let nowMs = 0;
  const admission = new Admission(
    { ...UNLIMITED, start: LIMITS, webhook: { burst: 1, perSecond: 1, concurrent: 3 } },
    { now: () => nowMs },
  );
  const refusalOf = (kind: "start" | "webhook" | "read", caller: string): TooManyRequests | null => {
    try {
      admission.enter(kind, caller)();
      return null;
    } catch (thrown) {
      if (thrown instanceof TooManyRequests) return thrown;
      throw thrown;
    }
  };
  return { admission, refusalOf, pass: (ms: number) => (nowMs += ms) };
}

describe("the rate of a caller", () => {
  test("a burst is taken, then the rate; the refusal says when the next request will be taken", () => {
    const { refusalOf, pass } = testAdmission();
    expect([1, 2, 3, 4].map(() => refusalOf("start", "ada"))).toEqual([null, null, null, null]);
    expect(refusalOf("start", "ada")).toMatchObject({ code: "too-many-requests", retryAfterSeconds: 1 });
    pass(500);
    expect(refusalOf("start", "ada")).toBeNull();
    expect(refusalOf("start", "ada")?.code).toBe("too-many-requests");
    pass(3_600_000);
    expect([1, 2, 3, 4].map(() => refusalOf("start", "ada"))).toEqual([null, null, null, null]);
    expect(refusalOf("start", "ada")?.code).toBe("too-many-requests");
  });

  test("the refusals of one caller do not concern another one, or another kind of request", () => {
    const { refusalOf } = testAdmission();
    for (let sent = 0; sent < 20; sent += 1) refusalOf("start", "ada");
    expect(refusalOf("start", "ada")?.code).toBe("too-many-requests");
    expect(refusalOf("start", "grace")).toBeNull();
    expect(refusalOf("read", "ada")).toBeNull();
  });

  test("a clock that is set back gives no tokens and takes none", () => {
    const { refusalOf, pass } = testAdmission();
    expect(refusalOf("webhook", "slack")).toBeNull();
    pass(-3_600_000);
    expect(refusalOf("webhook", "slack")?.retryAfterSeconds).toBe(1);
    pass(1_000);
    expect(refusalOf("webhook", "slack")).toBeNull();
  });
});

describe("requests under way", () => {
  test("one caller has at most three quarters of the places, and gets its own back", () => {
    const { admission, refusalOf, pass } = testAdmission();
    const places = [1, 2, 3, 4].map(() => admission.enter("start", "ada"));
    pass(60_000);
    places.push(admission.enter("start", "ada"), admission.enter("start", "ada"));
    expect(refusalOf("start", "ada")).toMatchObject({ retryAfterSeconds: 1 });
    expect(refusalOf("start", "grace")).toBeNull();
    places[0]?.();
    places[0]?.();
    expect(refusalOf("start", "ada")).toBeNull();
  });

  test("a flood under new names takes the places of its kind, and no more", () => {
    const { admission, refusalOf } = testAdmission();
    for (const name of ["a", "b", "c"]) admission.enter("webhook", name);
    expect(refusalOf("webhook", "d")?.code).toBe("too-many-requests");
    expect(refusalOf("start", "ada")).toBeNull();
    expect(refusalOf("read", "ada")).toBeNull();
  });

  test("a refused request takes neither a place nor a token", () => {
    const { admission, refusalOf, pass } = testAdmission();
    const leave = admission.enter("webhook", "slack");
    expect([1, 2, 3, 4].map(() => refusalOf("webhook", "slack")?.code)).toEqual(Array(4).fill("too-many-requests"));
    leave();
    pass(1_000);
    expect(refusalOf("webhook", "slack")).toBeNull();
  });
});

test("callers that were silent longest are forgotten, so that a flood of names fits into memory", () => {
  const { refusalOf } = testAdmission();
  const spend = (caller: string) => [1, 2, 3, 4, 5].map(() => refusalOf("start", caller)?.code ?? "taken").at(-1);
  expect(spend("ada")).toBe("too-many-requests");
  for (let name = 0; name < 9_999; name += 1) refusalOf("start", `flood-${name}`);
  expect(refusalOf("start", "ada")?.code).toBe("too-many-requests");
  for (let name = 0; name < 10_000; name += 1) refusalOf("start", `later-${name}`);
  expect(refusalOf("start", "ada")).toBeNull();
});

test("the kind of a route follows from its right, its method and its key", () => {
  expect(kindOf(ROUTES.getExecution)).toBe("read");
  expect(kindOf(ROUTES.startOnPlan)).toBe("start");
  expect(kindOf(ROUTES.startOnItem)).toBe("start");
  expect(kindOf(ROUTES.confirm)).toBe("change");
  expect(kindOf(ROUTES.completeAction)).toBe("webhook");
});
