import { describe, expect, test } from "vitest";
import { blackoutAt, DrillPolicy } from "../../../../src/domain/drills/policy.js";

const policyWith = (blackout: object[]) =>
  DrillPolicy.parse({ schedule: { cron: "0 0 3 * * *", timeZone: "Europe/Amsterdam" }, blackout });
const at = (policy: DrillPolicy, instant: string) => blackoutAt(policy, Date.parse(instant));

describe("a blackout, in the zone of the schedule", () => {
  test("of dates includes its first and its last day, by local time", () => {
    const policy = policyWith([{ kind: "dates", from: "2026-12-24", until: "2026-12-26", reason: "holidays" }]);
    expect(at(policy, "2026-12-23T22:59:59Z")).toBeNull();
    expect(at(policy, "2026-12-23T23:00:00Z")).toBe("holidays");
    expect(at(policy, "2026-12-26T22:59:59Z")).toBe("holidays");
    expect(at(policy, "2026-12-26T23:00:00Z")).toBeNull();
  });

  test("of hours that pass midnight belongs to the day on which it begins", () => {
    const policy = policyWith([{ kind: "weekly", weekdays: ["fri"], from: "22:00", until: "04:00", reason: "batch" }]);
    expect(at(policy, "2026-06-05T19:59:00Z")).toBeNull();
    expect(at(policy, "2026-06-05T20:00:00Z")).toBe("batch");
    expect(at(policy, "2026-06-06T01:59:00Z")).toBe("batch");
    expect(at(policy, "2026-06-06T02:00:00Z")).toBeNull();
    expect(at(policy, "2026-06-05T01:00:00Z")).toBeNull();
  });

  test("that ends before it begins is refused", () => {
    const blackout = [{ kind: "dates", from: "2026-12-26", until: "2026-12-24", reason: "x" }];
    expect(DrillPolicy.safeParse({ blackout }).success).toBe(false);
  });
});
