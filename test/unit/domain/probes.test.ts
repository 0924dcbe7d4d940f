import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluateGate, evaluateProbe, type Observation, Probe } from "../../../src/domain/plans/probes.js";

const probe = (input: object): Probe => Probe.parse(input);
const seen = (changes: Partial<Observation> = {}): Observation => ({
  name: "web-01",
  power: "on",
  heartbeat: "ok",
  upSeconds: 60,
  services: [{ port: 443, pages: [{ path: "/health", status: 200 }] }],
  scripts: [{ name: "orders", exitCode: 0, output: "412 orders" }],
  ...changes,
});

describe("a probe", () => {
  test.each([
    [{ kind: "power" }, {}, true, "on"],
    [{ kind: "power" }, { power: "off" }, false, "the machine is off"],
    [{ kind: "heartbeat" }, {}, true, "the heartbeat is ok"],
    [{ kind: "heartbeat" }, { heartbeat: "none" }, false, "no heartbeat"],
    [{ kind: "tcp", port: 443 }, {}, true, "port 443 answers"],
    [{ kind: "tcp", port: 22 }, {}, false, "port 22 does not answer"],
    [{ kind: "http", port: 443, path: "/health" }, {}, true, "/health on port 443 answers 200"],
    [{ kind: "http", port: 443, path: "/other" }, {}, false, "answers 404"],
    [{ kind: "http", port: 443, path: "/other", status: 404 }, {}, true, "answers 404"],
    [{ kind: "http", path: "/health" }, {}, false, "port 80 does not answer"],
    [{ kind: "script", name: "orders" }, {}, true, "ended with 0"],
    [{ kind: "script", name: "orders", prints: "412" }, {}, true, "ended with 0"],
    [{ kind: "script", name: "orders", prints: "413" }, {}, false, 'did not print "413"'],
    [{ kind: "script", name: "other" }, {}, false, "has no script other"],
    [
      { kind: "script", name: "orders" },
      { scripts: [{ name: "orders", exitCode: 3, output: "" }] },
      false,
      "ended with 3",
    ],
  ] as const)("%j of %j: %s", (input, changes, passed, saw) => {
    const answer = evaluateProbe(probe(input), seen(changes as Partial<Observation>));
    expect(answer.passed).toBe(passed);
    expect(answer.saw).toContain(saw);
  });

  test.each([{ kind: "ping" }, { kind: "tcp", port: 0 }, { kind: "http", path: "health" }, { kind: "script" }])(
    "%j is none",
    (input) => {
      expect(Probe.safeParse(input).success).toBe(false);
    },
  );
});

describe("a gate", () => {
  const tcp = probe({ kind: "tcp", port: 22, timeLimitSeconds: 100, everySeconds: 15 });

  test("opens when every probe passes, and says what was observed", () => {
    expect(evaluateGate([probe({ kind: "power" }), probe({ kind: "tcp", port: 443 })], seen())).toEqual({
      state: "open",
      saw: "the machine is on; port 443 answers",
    });
    expect(evaluateGate([], seen())).toMatchObject({ state: "open" });
  });

  test.each([
    [60, { state: "waiting", againSeconds: 15 }],
    [95, { state: "waiting", againSeconds: 5 }],
    [99.5, { state: "waiting", againSeconds: 1 }],
    [100, { state: "failed", because: "web-01: port 22 does not answer within 100 s" }],
  ])("that is not answered after %d s: %j", (upSeconds, expected) => {
    expect(evaluateGate([tcp], seen({ upSeconds }))).toMatchObject(expected);
  });

  test("observes a machine that answers late at growing intervals, so that a day is not many observations", () => {
    const limits = { timeLimitSeconds: 86_400, everySeconds: 1 };
    const late = probe({ kind: "tcp", port: 22, ...limits });
    const observedAt = [0];
    for (;;) {
      const upSeconds = observedAt.at(-1) ?? 0;
      const gate = evaluateGate([late], seen({ upSeconds }));
      if (gate.state !== "waiting") break;
      expect(gate.againSeconds).toBeLessThanOrEqual(Math.max(1, upSeconds / 10));
      observedAt.push(upSeconds + gate.againSeconds);
    }
    expect(observedAt.at(-1)).toBe(limits.timeLimitSeconds);
    expect(observedAt.length).toBeLessThan(120);
  });

  test("always ends: the next check is at least a second later and within a limit", () => {
    const limits = fc.record({
      timeLimitSeconds: fc.integer({ min: 1, max: 500 }),
      everySeconds: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(limits, { minLength: 1, maxLength: 4 }), (all) => {
        const probes = all.map((limit) => probe({ kind: "tcp", port: 22, ...limit }));
        let upSeconds = 0;
        let looks = 0;
        for (;;) {
          const gate = evaluateGate(probes, seen({ upSeconds }));
          if (gate.state !== "waiting") {
            expect(gate.state).toBe("failed");
            expect(upSeconds).toBe(Math.min(...all.map(({ timeLimitSeconds }) => timeLimitSeconds)));
            return;
          }
          expect(gate.againSeconds).toBeGreaterThanOrEqual(1);
          upSeconds += gate.againSeconds;
          looks += 1;
          expect(looks).toBeLessThanOrEqual(500);
        }
      }),
    );
  });
});
