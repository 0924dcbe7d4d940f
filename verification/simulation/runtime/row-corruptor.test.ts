import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../../host/durable/engine/index.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import type { FaultOf } from "../generators/faults.js";
import { Random } from "../random.js";
import { CorruptibleHistory } from "./corruptible-history.js";
import { type CorruptionHandle, RowCorruptor } from "./row-corruptor.js";
import { Journal } from "./tables.js";

const JSON_TEXT = JSON.stringify({ id: "plan", name: "a plan of some length" });
const FAULT: FaultOf<"row-corruption"> = {
  id: "row-corruption/0",
  kind: "row-corruption",
  at: "table-write",
  nth: 1,
  what: "plan",
  forMs: 5_000,
  remedy: "repair",
};

/** A corruptor over tables with one plan. */
async function setUp() {
  const tables = createMemoryTables();
  const table = tables.table("Plans");
  const put = (json: string) => table.transact("plans", [{ kind: "put", row: "plan", schema: 1, json }]);
  await put(JSON_TEXT);
  const handles: CorruptionHandle[] = [];
  const corruptor = new RowCorruptor({
    ...{ clock: new VirtualClock(), tables, history: new CorruptibleHistory(), journal: new Journal() },
    ...{ random: new Random("corruptor"), worldId: "world" },
    onCorrupted: (handle) => handles.push(handle),
  });
  const corrupt = () => corruptor.inject(FAULT, "");
  const json = async () => (await table.get("plans", "plan"))?.json;
  const remove = () => table.transact("plans", [{ kind: "delete", row: "plan" }]);
  return { corrupt, handles, json, put, remove };
}

describe("a corrupted row of a table", () => {
  test("can't be decoded, and a repair restores it byte for byte", async () => {
    const run = await setUp();
    await run.corrupt();
    const [handle] = run.handles;
    const damaged = (await run.json()) ?? "";
    expect(() => JSON.parse(damaged)).toThrow();
    expect(await handle?.isCorrupt()).toBe(true);
    expect(handle?.record).toMatchObject({ what: "plan", row: "plans/plan", ownerId: "plan", instanceId: null });
    await handle?.repair();
    expect(await run.json()).toBe(JSON_TEXT);
    expect(handle?.record.overwritten).toBe(false);
  });

  test("is not repaired over a newer row, which is recorded", async () => {
    const run = await setUp();
    await run.corrupt();
    await run.put('{"newer":true}');
    expect(await run.handles[0]?.isCorrupt()).toBe(false);
    await run.handles[0]?.repair();
    expect(await run.json()).toBe('{"newer":true}');
    expect(run.handles[0]?.record.overwritten).toBe(true);
  });

  test("stays gone when it was deleted", async () => {
    const run = await setUp();
    await run.corrupt();
    await run.remove();
    await run.handles[0]?.repair();
    expect(await run.json()).toBeUndefined();
    expect(run.handles[0]?.record.overwritten).toBe(false);
  });

  test("is not corrupted a second time", async () => {
    const run = await setUp();
    await run.corrupt();
    await run.corrupt();
    expect(run.handles).toHaveLength(1);
  });
});
