import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RecoveryPoint, RecoveryPointChoice } from "../../../src/domain/recovery-points/recovery-point-choice.js";
import {
  diskCoverageOf,
  previewRecoveryPoints,
  type SolverItem,
  solveRecoveryPoints,
} from "../../../src/domain/recovery-points/recovery-point-solver.js";
import { smallWorld } from "../../support/worlds.js";

const NOW = Date.parse("2026-03-02T09:00:00.000Z");
const MINUTE = 60_000;
const ago = (minutes: number): string => new Date(NOW - minutes * MINUTE).toISOString();

const point = (id: string, minutesAgo: number, changes: Partial<RecoveryPoint> = {}): RecoveryPoint => ({
  id,
  time: ago(minutesAgo),
  consistency: "crash-consistent",
  replicationGroupId: null,
  ...changes,
});
const app = { consistency: "app-consistent" } as const;
const shared = { replicationGroupId: "orders" } as const;

const alone: SolverItem = {
  itemId: "web",
  replicationGroupId: null,
  points: [point("old-app", 60, app), point("newest", 2), point("crash", 5)],
};
const member = (itemId: string, ...points: RecoveryPoint[]): SolverItem => ({
  itemId,
  replicationGroupId: "orders",
  points,
});
const choiceOf = (choice: unknown): RecoveryPointChoice => RecoveryPointChoice.parse(choice);
const idsOf = (items: SolverItem[], choice: unknown) =>
  Object.fromEntries(solveRecoveryPoints(items, choiceOf(choice)).map(({ itemId, point: its }) => [itemId, its?.id]));

describe("P4: the point of one item", () => {
  test.each([
    [{ kind: "latest" }, "newest"],
    [{ kind: "latest-processed" }, "newest"],
    [{ kind: "latest-crash-consistent" }, "newest"],
    [{ kind: "latest-app-consistent" }, "old-app"],
    [{ kind: "custom", pointId: "crash" }, "crash"],
    [{ kind: "point-in-time", emulatedNotAfter: ago(5) }, "crash"],
    [{ kind: "point-in-time", emulatedNotAfter: ago(6) }, "old-app"],
    [{ kind: "point-in-time", emulatedNotAfter: ago(0), appConsistent: "all" }, "old-app"],
    [{ kind: "point-in-time", emulatedNotAfter: ago(0), appConsistent: ["web"] }, "old-app"],
    [{ kind: "point-in-time", emulatedNotAfter: ago(0), appConsistent: ["other"] }, "newest"],
  ])("%j", (choice, expected) => {
    expect(idsOf([alone], choice)).toEqual({ web: expected });
  });

  test.each([
    [
      { kind: "custom", pointId: "gone" },
      "item web has no point named gone: it never existed, or was pruned; there are newest, crash and old-app",
    ],
    [{ kind: "point-in-time", emulatedNotAfter: ago(90) }, `its oldest is from ${ago(60)}`],
    [{ kind: "latest-app-consistent" }, "no app-consistent point: it has no recovery point at all", []],
    [{ kind: "latest-app-consistent" }, "no app-consistent point among its 1 point", [point("only", 1)]],
  ])("%j without a matching point gives the reason: %s", (choice, because, points = [...alone.points]) => {
    const [answer] = solveRecoveryPoints([{ ...alone, points }], choiceOf(choice));
    expect(answer).toMatchObject({ point: null, failure: { code: "no-recovery-point" } });
    expect(answer?.failure?.message).toContain(because);
  });
});

describe("F4 V6: the points of a replication group", () => {
  const a = member(
    "a",
    point("p4", 1),
    point("p3", 2, shared),
    point("p2", 5, shared),
    point("p1", 9, { ...app, ...shared }),
  );
  const b = member("b", point("p2", 5, shared), point("p1", 9, { ...app, ...shared }));

  test.each([
    [{ kind: "latest" }, { a: "p4", b: "p2" }],
    [{ kind: "latest-processed" }, { a: "p2", b: "p2" }],
    [
      { kind: "latest-processed", groups: "per-item" },
      { a: "p4", b: "p2" },
    ],
    [{ kind: "latest-app-consistent" }, { a: "p1", b: "p1" }],
    [
      { kind: "point-in-time", emulatedNotAfter: ago(1) },
      { a: "p2", b: "p2" },
    ],
    [
      { kind: "point-in-time", emulatedNotAfter: ago(1), groups: "per-item" },
      { a: "p4", b: "p2" },
    ],
    [
      { kind: "point-in-time", emulatedNotAfter: ago(1), appConsistent: ["b"] },
      { a: "p1", b: "p1" },
    ],
  ])("%j", (choice, expected) => {
    expect(idsOf([a, b], choice)).toEqual(expected);
  });

  test("F3: an app-consistent point is older than the latest and loses more", () => {
    const items = [a, b].map((item) => ({
      ...item,
      receivedUntil: ago(1),
      lastWriteAt: ago(0),
      pending: false,
      disks: null,
    }));
    const loss = (kind: string) =>
      previewRecoveryPoints(items, choiceOf({ kind })).map(({ lossSeconds }) => lossSeconds);
    expect(loss("latest")).toEqual([60, 300]);
    expect(loss("latest-app-consistent")).toEqual([540, 540]);
  });

  test("an item without a group gets its own newest point", () => {
    expect(idsOf([a, alone, b], { kind: "latest-processed" })).toEqual({ a: "p2", web: "newest", b: "p2" });
  });

  test("without a common point, every member gets the reason, which names the member that lacks it", () => {
    const empty = member("b");
    const answers = solveRecoveryPoints([a, empty, alone], { kind: "latest-processed" });
    expect(answers.map(({ failure }) => failure?.code)).toEqual([
      "no-common-recovery-point",
      "no-common-recovery-point",
      undefined,
    ]);
    expect(answers[0]?.failure?.message).toContain("item b has no recovery point: it has no recovery point at all");
    const apart = member("b", point("p9", 3, shared));
    expect(solveRecoveryPoints([a, apart], { kind: "latest-processed" })[0]?.failure?.message).toBe(
      "a, b have no common recovery point: each has some, but they share none",
    );
  });
});

describe("the solver, for any points", () => {
  const minutes = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 20 });
  const isApp = (minute: number): boolean => minute % 3 === 0;
  const estate = fc.array(fc.record({ minutes, group: fc.constantFrom(null, "x", "y") }), {
    minLength: 1,
    maxLength: 8,
  });
  const itemsOf = (drawn: { minutes: number[]; group: string | null }[]): SolverItem[] =>
    drawn.map((item, index) => ({
      itemId: `item-${index}`,
      replicationGroupId: item.group,
      points: item.minutes.map((minute) =>
        point(`p-${minute}`, minute, { replicationGroupId: item.group, ...(isApp(minute) ? app : {}) }),
      ),
    }));

  test("gives the newest point that every member has", () => {
    fc.assert(
      fc.property(estate, fc.integer({ min: 0, max: 45 }), fc.boolean(), (drawn, limit, asksApp) => {
        const choice = choiceOf({
          kind: "point-in-time",
          emulatedNotAfter: ago(limit),
          appConsistent: asksApp ? "all" : [],
        });
        const answers = solveRecoveryPoints(itemsOf(drawn), choice);
        expect(answers).toHaveLength(drawn.length);
        answers.forEach((answer, index) => {
          const own = drawn[index];
          const sets = drawn.filter(({ group }, other) => other === index || (group !== null && group === own?.group));
          const possible = (own?.minutes ?? []).filter(
            (minute) =>
              minute >= limit && (!asksApp || isApp(minute)) && sets.every((set) => set.minutes.includes(minute)),
          );
          if (possible.length === 0) {
            expect(answer.point).toBeNull();
            expect(answer.failure?.message).toContain("no");
          } else {
            expect(answer.point?.id).toBe(`p-${Math.min(...possible)}`);
          }
        });
      }),
    );
  });

  test("loses no more with points per item than with a common point", () => {
    fc.assert(
      fc.property(estate, (drawn) => {
        const items = itemsOf(drawn);
        const common = solveRecoveryPoints(items, { kind: "latest-processed" });
        const own = solveRecoveryPoints(items, { kind: "latest-processed", groups: "per-item" });
        common.forEach(({ point: its }, index) => {
          if (its !== null)
            expect(Date.parse(own[index]?.point?.time ?? "")).toBeGreaterThanOrEqual(Date.parse(its.time));
        });
      }),
    );
  });
});

describe("the preview of the loss", () => {
  const item = { ...alone, receivedUntil: ago(0.2), lastWriteAt: ago(0), pending: true, disks: null };

  test("latest is made at the start, and loses what has not arrived yet", () => {
    expect(previewRecoveryPoints([item], { kind: "latest" })).toEqual([
      expect.objectContaining({ answer: "made-at-start", point: null, lossSeconds: 12 }),
    ]);
    expect(previewRecoveryPoints([{ ...item, pending: false }], { kind: "latest" })[0]).toMatchObject({
      answer: "found",
      point: { id: "newest" },
      lossSeconds: 120,
    });
  });

  test("after the source stopped, the loss is measured against its last write and not against the time of the preview", () => {
    const lossAt = (lastWriteAt: string | null) =>
      previewRecoveryPoints([{ ...item, pending: false, lastWriteAt }], { kind: "latest" })[0]?.lossSeconds;
    expect([lossAt(ago(1)), lossAt(ago(5)), lossAt(null)]).toEqual([60, 0, 0]);
  });

  test("an item without a matching point has a reason and no loss", () => {
    const [preview] = previewRecoveryPoints([item], { kind: "custom", pointId: "gone" });
    expect(preview).toMatchObject({ answer: "none", point: null, lossSeconds: null });
    expect(preview?.because).toContain("no point named gone");
  });

  test("A5: a disk added after protection is in no point: 1 of 2 disks", () => {
    const world = smallWorld(1);
    const [protectedItem, machine] = [world.items[0], world.machines[0]];
    if (!protectedItem || !machine) throw new Error("incomplete");
    expect(diskCoverageOf(protectedItem, machine)).toBeNull();
    expect(diskCoverageOf({ protectedDisks: ["system"] }, machine)).toEqual({ held: 1, of: 2, missing: ["data"] });
  });
});
