import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { previewRecoveryPoints } from "../../../src/domain/recovery-points/recovery-point-solver.js";
import { World, type WorldInput } from "../../../src/domain/worlds/world.js";
import { BLOCK_BYTES, changedBytes } from "../../../src/hypervisor/emulator/disk-bytes.js";
import { createEmulator } from "../../../src/hypervisor/emulator/emulator.js";
import type { ItemOperation, ItemOperations } from "../../../src/hypervisor/port.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { estateOf } from "../../support/estates.js";
import { ManualClock } from "../../support/worlds.js";

const GB = 1_000_000_000;
const EXECUTION = "11111111-1111-8111-8111-111111111111";

/** One item whose operations take no time, so that a look and an operation share a moment. */
async function openEstate(change: (world: WorldInput) => void) {
  const clock = new ManualClock();
  const estate = createEmulator({ tables: createMemoryTables(), clock, speed: 1, durations: "zero" });
  const { world } = estateOf("azure-to-azure");
  change(world);
  await estate.loadWorld(World.parse(world));
  const on = { worldId: world.id, executionId: EXECUTION, itemId: "db" };
  let keys = 0;
  const done = async <O extends ItemOperation>(
    operation: O,
    params: ItemOperations[O]["params"],
  ): Promise<ItemOperations[O]["result"]> => {
    keys += 1;
    const reply = await estate.runOnItem({ ...on, key: `${EXECUTION}/${keys}`, operation, params });
    if (reply.state !== "done") throw new Error(`${operation} is ${JSON.stringify(reply)}`);
    return reply.result;
  };
  const points = () => estate.recoveryPoints(world.id, "db");
  const snapshot = async () => {
    const [item] = await estate.describeItems(world.id, ["db"]);
    if (item === undefined) throw new Error("no item");
    return item;
  };
  return { clock, done, points, snapshot };
}

const anyRate = fc.constantFrom(0, 0.01, 0.7, 20, 500);

describe("the bytes of writes", () => {
  test("never exceed the writes or the disk, and grow with the writes until they fill the disk", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 12 }), fc.nat(10 ** 9), fc.nat(10 ** 6), (disk, writes, more) => {
        const bytes = changedBytes(writes, disk);
        expect(bytes).toBeLessThanOrEqual(Math.min(disk, writes * BLOCK_BYTES));
        expect(changedBytes(writes + more, disk)).toBeGreaterThanOrEqual(bytes);
      }),
    );
    expect(changedBytes(0, GB)).toBe(0);
    expect(changedBytes(1, GB)).toBe(BLOCK_BYTES);
    expect(changedBytes(10 ** 9, GB)).toBeGreaterThan(GB - 2 * BLOCK_BYTES);
  });

  test("however long a machine runs elsewhere, deltas and loss are never more than its disks hold", async () => {
    const away = fc.record({
      rate: anyRate,
      sizes: fc.array(fc.constantFrom(0.001, 1, 40, 2_000), { minLength: 1, maxLength: 3 }),
      before: fc.nat(86_400),
      after: fc.nat(90 * 86_400),
    });
    let filled = 0;
    await fc.assert(
      fc.asyncProperty(away, async ({ rate, sizes, before, after }) => {
        const { clock, done, points } = await openEstate(({ machines, items = [] }) => {
          for (const machine of machines) {
            machine.disks = sizes.map((sizeGb, index) => ({ name: `disk-${index}`, sizeGb }));
          }
          for (const item of items) item.changeRateMbPerSecond = rate;
        });
        const whole = sizes.reduce((sum, sizeGb) => sum + sizeGb * GB, 0);
        await done("stop-replication", {});
        const [newest] = (await points()).points;
        clock.pass(before);
        const { dataLoss } = await done("promote-replica", { pointId: newest?.id ?? "", epoch: 1 });
        await done("start-replica", { epoch: 1 });
        await done("delete-recovery-points", {});
        clock.pass(after);
        const { bytes, caughtUpBy } = await done("reverse-replication", { newMachine: false, create: [] });
        expect(caughtUpBy).toBe("deltas");
        expect(Math.max(bytes, dataLoss.bytes)).toBeLessThanOrEqual(whole);
        expect(dataLoss.bytes).toBeLessThanOrEqual(dataLoss.writes * BLOCK_BYTES);
        if (bytes > 0.9 * whole) filled += 1;
      }),
      { numRuns: 60 },
    );
    // The property means something only if machines wrote more than their disks hold.
    expect(filled).toBeGreaterThan(0);
  });
});

test("the loss of a preview is the loss that a promotion at the same moment measures, and stays so afterwards", async () => {
  const anyFailover = fc.record({
    rate: anyRate,
    // Seconds before each of them; null leaves it out.
    shutDown: fc.option(fc.nat(3_600)),
    stop: fc.option(fc.nat(3_600)),
    promote: fc.nat(7_200),
    later: fc.nat(86_400),
    points: fc.tuple(fc.nat(40), fc.nat(40)),
  });
  let lossy = 0;
  await fc.assert(
    fc.asyncProperty(anyFailover, async ({ rate, shutDown, stop, promote, later, points: [first, second] }) => {
      const { clock, done, points, snapshot } = await openEstate(({ items = [] }) => {
        for (const item of items) item.changeRateMbPerSecond = rate;
      });
      const previewOf = async (pointId: string) => {
        const known = await points();
        const [preview] = previewRecoveryPoints([known], { kind: "custom", pointId });
        if (preview?.lossSeconds === undefined) throw new Error("no preview");
        return preview.lossSeconds;
      };
      const anyPoint = async (index: number) => {
        const { points: all } = await points();
        return all[index % all.length]?.id ?? "";
      };
      for (const [operation, seconds] of [
        ["shut-down-source", shutDown],
        ["stop-replication", stop],
      ] as const) {
        if (seconds === null) continue;
        clock.pass(seconds);
        await done(operation, {});
      }
      clock.pass(promote);
      const pointId = await anyPoint(first);
      const before = await previewOf(pointId);
      const { dataLoss } = await done("promote-replica", { pointId, epoch: 1 });
      expect(dataLoss.seconds).toBe(before);
      expect(dataLoss.seconds > 0).toBe(dataLoss.writes > 0);
      if (dataLoss.seconds > 0) lossy += 1;

      clock.pass(later);
      expect((await snapshot()).dataLoss).toEqual(dataLoss);
      expect((await points()).pending).toBe(false);
      const other = await anyPoint(second);
      const preview = await previewOf(other);
      expect((await done("promote-replica", { pointId: other, epoch: 2 })).dataLoss.seconds).toBe(preview);
    }),
    { numRuns: 150 },
  );
  expect(lossy).toBeGreaterThan(0);
});

test("latest made at the start loses what has not arrived, as its preview says", async () => {
  const { clock, done, points } = await openEstate(() => undefined);
  clock.pass(100);
  const [preview] = previewRecoveryPoints([await points()], { kind: "latest" });
  expect(preview?.answer).toBe("made-at-start");
  const { point } = await done("process-pending-data", {});
  expect((await done("promote-replica", { pointId: point.id, epoch: 1 })).dataLoss.seconds).toBe(preview?.lossSeconds);
});

test("A5: disabling and enabling protects every disk, and no write is lost in between", async () => {
  const { clock, done, points, snapshot } = await openEstate(({ items = [] }) => {
    for (const item of items) item.protectedDisks = ["system"];
  });
  expect((await points()).disks).toEqual({ held: 1, of: 2, missing: ["data"] });
  await done("disable-replication", {});
  clock.pass(60);
  expect((await done("enable-replication", {})).bytes).toBe(200 * GB);
  expect((await points()).disks).toBeNull();
  expect((await snapshot()).item.protectedDisks).toBeUndefined();
  clock.pass(3_600);
  await done("shut-down-source", {});
  const { point } = await done("final-synchronise", {});
  const { dataLoss, sequences } = await done("promote-replica", { pointId: point.id, epoch: 1 });
  expect(dataLoss).toEqual({ seconds: 0, writes: 0, bytes: 0 });
  expect(sequences.map(({ disk }) => disk)).toEqual(["system", "data"]);
  expect(sequences.filter(({ sequence }) => !(sequence > 0))).toEqual([]);
});
