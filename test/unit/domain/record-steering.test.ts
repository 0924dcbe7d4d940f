import { describe, expect, test } from "vitest";
import type { Execution } from "../../../src/domain/execution.js";
import { withSteering } from "../../../src/domain/steering/record-steering.js";
import { MAX_STEERING, type Steering } from "../../../src/domain/steering/steering.js";

const AT = "2026-01-01T00:00:00.000Z";
const by = { person: "ann", reason: "", at: AT };
const PAUSE: Steering = { ...by, action: "pause" };
const RESUME: Steering = { ...by, action: "resume" };

const running = (steering: Steering[] = [], more: Partial<Execution> = {}) =>
  ({ executionId: "e", verb: "planned-failover", status: "running", steering, ...more }) as Execution;

const ACTS: readonly Steering[] = [
  PAUSE,
  { ...by, action: "retry", itemIds: ["a", "b"], asks: 1 },
  { ...by, action: "skip", stepIds: ["groups/g/items/a/await-probes"] },
  { ...by, action: "edit", planVersion: 2, planHash: "h" },
  { ...by, action: "switch-to-unplanned" },
  { ...by, action: "extend", stepId: "validation", minutes: 60, from: AT },
];

describe("A1 the same act again changes nothing", () => {
  test.each(ACTS.map((act) => [act.action, act] as const))("%s", (_, act) => {
    const once = withSteering(running(), act);
    expect(once).toEqual([act]);
    expect(withSteering(running(once ?? []), { ...act, person: "bob", at: "2026-01-02T00:00:00.000Z" })).toBeNull();
  });

  test("a resume after a resume, but a pause after it is another one", () => {
    expect(withSteering(running([PAUSE, RESUME]), RESUME)).toBeNull();
    expect(withSteering(running([PAUSE, RESUME]), PAUSE)).toHaveLength(3);
  });

  test("of a skip only what is new is recorded", () => {
    const first: Steering = { ...by, action: "skip", stepIds: ["a"] };
    const both: Steering = { ...by, action: "skip", stepIds: ["a", "b"] };
    expect(withSteering(running([first]), both)?.at(-1)).toMatchObject({ stepIds: ["b"] });
  });

  test("an item that fails after it was tried again may be tried once more", () => {
    const first: Steering = { ...by, action: "retry", itemIds: ["a"], asks: 0 };
    expect(withSteering(running([first]), { ...first, asks: 1 })).toHaveLength(2);
  });
});

describe("A2 what can have no effect is refused", () => {
  const refused = (execution: Execution, act: Steering, code: string) =>
    expect(() => withSteering(execution, act)).toThrow(`[${code}]`);

  test.each(ACTS.map((act) => [act.action, act] as const))("%s after the end and after a cancel", (_, act) => {
    refused(running([], { status: "succeeded" }), act, "execution-ended");
    const cancelRequest = { behaviour: "restore-protection", requestedBy: "bob", requestedAt: AT } as const;
    refused(running([], { cancelRequest }), act, "decided-already");
  });

  test("a resume of what was never paused", () => refused(running(), RESUME, "steering-refused"));

  test("another extension of one deadline", () => {
    const first: Steering = { ...by, action: "extend", stepId: "validation", minutes: 60, from: AT };
    refused(running([first]), { ...first, minutes: 30 }, "decided-already");
  });

  test("more acts than a record keeps, but for a resume and a switch", () => {
    const full = Array.from({ length: MAX_STEERING }, (_, at) => (at % 2 === 0 ? RESUME : PAUSE));
    refused(running(full), { ...by, action: "skip", stepIds: ["a"] }, "steering-refused");
    expect(withSteering(running(full), RESUME)).toHaveLength(MAX_STEERING + 1);
    expect(withSteering(running(full), { ...by, action: "switch-to-unplanned" })).toHaveLength(MAX_STEERING + 1);
  });
});
