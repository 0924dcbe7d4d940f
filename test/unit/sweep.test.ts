import { beforeEach, expect, test } from "vitest";
import type { Context } from "../../src/commands/context.js";
import { sweepExecutions } from "../../src/commands/sweep.js";
import { SweepSchedule } from "../../src/commands/sweep-schedule.js";
import { type Execution, ExecutionOptions } from "../../src/domain/execution.js";
import { toInstant } from "../../src/domain/text.js";
import { createStore } from "../../src/store/store.js";
import { createMemoryTables } from "../../src/store/tables/memory-tables.js";
import type { Table, Tables } from "../../src/store/tables/port.js";
import { sha256 } from "../../verification/support/hash.js";
import { ManualClock, smallWorld } from "../support/worlds.js";

const HOUR_SECONDS = 3_600;
const idOf = (number: number): string => `11111111-1111-8111-8111-${String(number).padStart(12, "0")}`;
const numbersUpTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

let clock: ManualClock;
let rowsRead: number;
let tables: Tables;

/** Counts the rows that are read; a read of nothing counts as one. */
function counting(table: Table): Table {
  return {
    ...table,
    get: (partition, row) => {
      rowsRead += 1;
      return table.get(partition, row);
    },
    list: async (partition, range) => {
      const page = await table.list(partition, range);
      rowsRead += Math.max(1, page.rows.length);
      return page;
    },
  };
}

/** A host on which no orchestration is left. */
function contextOver(over: Tables): Context {
  const orchestrations = {
    getStatus: async () => undefined,
    start: async () => undefined,
    raise: async () => undefined,
  };
  return {
    store: createStore(over),
    clock,
    hash: sha256,
    settings: { speed: 1 },
    orchestrations,
  } as unknown as Context;
}

function ended(number: number, itemIds: readonly string[]): Execution {
  const at = toInstant(clock.now() + number);
  return {
    executionId: idOf(number),
    idempotencyKey: `key ${number}`,
    worldId: "small",
    subject: { kind: "item", itemId: "item-1" },
    verb: "planned-failover",
    direction: "primary-to-recovery",
    planHash: null,
    itemIds: [...itemIds],
    options: ExecutionOptions.parse({}),
    requestedBy: "tester",
    requestedAt: at,
    status: "succeeded",
    endedAt: at,
    outcomes: [],
  };
}

beforeEach(() => {
  clock = new ManualClock();
  tables = createMemoryTables();
  rowsRead = 0;
});

test("an idle host reads nothing of the past: not a row of 100 executions of 1,000 machines that ended long ago", async () => {
  const { store } = contextOver(tables);
  await store.putWorld(smallWorld(1_000), toInstant(clock.now()));
  const itemIds = numbersUpTo(1_000).map((number) => `item-${number}`);
  for (const number of numbersUpTo(100)) await store.createExecution(ended(number, itemIds));
  clock.pass(HOUR_SECONDS);
  await sweepExecutions(contextOver(tables));

  const afterRestart = contextOver({ table: (name) => counting(tables.table(name)) });
  expect(await sweepExecutions(afterRestart)).toEqual({ repaired: [], errors: [] });
  expect(rowsRead).toBeLessThanOrEqual(1);
});

test("an execution is watched until its items are seen at rest, and again when it claims items late", async () => {
  const context = contextOver(tables);
  await context.store.putWorld(smallWorld(1), toInstant(clock.now()));
  const failure = { code: "cancelled", message: "cancelled by a person" };
  const failed: Execution = {
    ...ended(1, ["item-1"]),
    status: "cancelled",
    endedAt: toInstant(clock.now()),
    outcomes: [],
    failure,
  };
  const { executionId } = (await context.store.createExecution(failed)).execution;
  const watched = async () => (await context.store.listUnsettled()).map(({ value }) => value.executionId);

  await sweepExecutions(context);
  expect(await watched()).toEqual([executionId]);
  clock.pass(HOUR_SECONDS);
  await sweepExecutions(context);
  expect(await watched()).toEqual([]);

  await context.store.watchExecution(executionId, toInstant(clock.now()));
  await context.store.acquireItems("small", executionId, "planned-failover", [
    { itemId: "item-1", from: "protected", during: "failing-over" },
  ]);
  clock.pass(HOUR_SECONDS);
  expect((await sweepExecutions(context)).repaired).toEqual([executionId]);
  expect((await context.store.getItems("small", ["item-1"]))[0]).toMatchObject({ heldBy: null });
});

test("an execution whose items were removed is settled, and its record stays readable", async () => {
  const context = contextOver(tables);
  const { execution } = await context.store.createExecution(ended(1, ["item-1"]));
  clock.pass(HOUR_SECONDS);
  expect(await sweepExecutions(context)).toEqual({ repaired: [], errors: [] });
  expect(await context.store.listUnsettled()).toEqual([]);
  expect((await context.store.getExecution(execution.executionId))?.value).toEqual(execution);
});

test("what nobody can mend is said once and then rarely, and stays visible until it is mended", async () => {
  const context = contextOver(tables);
  await context.store.createExecution(ended(1, ["item-1"]));
  const executions = tables.table("Executions");
  const whole = await executions.get(idOf(1), "record");
  const overwrite = (json: string) => executions.transact(idOf(1), [{ kind: "put", row: "record", schema: 1, json }]);
  await overwrite("{");
  clock.pass(HOUR_SECONDS);
  const began = toInstant(clock.now());

  const news: boolean[] = [];
  for (let hour = 0; hour < 8; hour += 1) {
    for (const { isNews } of (await sweepExecutions(context)).errors) news.push(isNews);
    clock.pass(HOUR_SECONDS);
  }
  expect(news).toEqual([true, false, false, false, false, false, true, false]);
  const [seen] = await context.store.listUnsettled();
  expect(seen?.value.trouble).toMatchObject({ reason: expect.stringContaining("is damaged"), since: began });

  await overwrite(whole?.json ?? "");
  expect((await sweepExecutions(context)).errors).toEqual([]);
  expect(await context.store.listUnsettled()).toEqual([]);
});

test("a damaged entry is still listed, so its execution is swept", async () => {
  const context = contextOver(tables);
  await context.store.createExecution(ended(1, ["item-1"]));
  await tables.table("Executions").transact("unsettled", [{ kind: "put", row: idOf(1), schema: 1, json: "{" }]);
  const [entry] = await context.store.listUnsettled();
  expect(entry?.value).toMatchObject({ executionId: idOf(1), trouble: { reason: expect.stringContaining("damaged") } });
});

test("what people decide is announced to a sweep that remembers the execution, and idle ones cost a few reads", async () => {
  const count = 200;
  const running = (number: number): Execution => {
    const { endedAt: _, outcomes: __, ...rest } = ended(number, ["item-1"]) as Extract<Execution, { endedAt: string }>;
    return { ...rest, status: "running" };
  };
  const raised: string[] = [];
  const orchestrations = {
    getStatus: async () => ({ runtimeStatus: "Running", steps: [] }),
    raise: async (executionId: string) => void raised.push(executionId),
  };
  const context = (over: Tables) => ({ ...contextOver(over), orchestrations }) as unknown as Context;
  const { store } = context(tables);
  for (const number of numbersUpTo(count)) await store.createExecution(running(number));
  const counted = context({ table: (name) => counting(tables.table(name)) });
  const schedule = new SweepSchedule();
  const sweeps = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      clock.pass(60);
      await sweepExecutions(counted, schedule);
    }
  };
  await sweeps(34);
  rowsRead = 0;
  await sweeps(10);
  expect(rowsRead).toBeLessThanOrEqual(10 * (count + 20));

  const found = await store.getExecution(idOf(7));
  const cancelRequest = {
    behaviour: "restore-protection" as const,
    requestedBy: "tester",
    requestedAt: toInstant(clock.now()),
  };
  await store.updateWatched({ ...running(7), cancelRequest }, found?.etag ?? "");
  await sweeps(1);
  expect(raised).toEqual([idOf(7)]);
});
