import { beforeEach, expect, test } from "vitest";
import { Execution, ExecutionOptions } from "../../src/domain/execution.js";
import { executionGuard } from "../../src/executions/execution-guard.js";
import type { Ports } from "../../src/ports.js";
import { createStore } from "../../src/store/store.js";
import { createMemoryTables } from "../../src/store/tables/memory-tables.js";

const ID = "00000000-0000-8000-8000-000000000001";
const AT = "2026-03-02T09:00:00.000Z";

const execution = Execution.parse({
  ...{ executionId: ID, idempotencyKey: "key", worldId: "small", verb: "planned-failover", status: "running" },
  ...{ subject: { kind: "item", itemId: "item-1" }, direction: "primary-to-recovery", planHash: "hash" },
  ...{ itemIds: ["item-1"], options: ExecutionOptions.parse({}), requestedBy: "tester", requestedAt: AT },
});

let store: ReturnType<typeof createStore>;
let nowMs: number;
let assertActive: Ports["assertActive"];
let steeringOf: Ports["steeringOf"];
let executionNow: Ports["executionNow"];

beforeEach(async () => {
  store = createStore(createMemoryTables());
  nowMs = Date.parse(AT);
  ({ assertActive, steeringOf, executionNow } = executionGuard(store, { now: () => nowMs }));
  await store.createExecution(execution);
  await assertActive(ID, "forward");
  const { etag } = (await store.getExecution(ID)) ?? { etag: "" };
  const cancelRequest = { behaviour: "restore-protection", requestedBy: "tester", requestedAt: AT } as const;
  await store.updateExecution({ ...execution, cancelRequest }, etag);
});

test("P7 an answer of a moment ago is used again", async () => {
  nowMs += 100;
  await expect(assertActive(ID, "forward")).resolves.toBeUndefined();
});

test.each([
  ["goes on", 1_000],
  ["is set back", -3_600_000],
])("P7 a cancel is seen when the clock %s", async (_, byMs) => {
  nowMs += byMs;
  await expect(assertActive(ID, "forward")).rejects.toThrow("cancelled");
});

test("P7 a step back is done while the execution is cancelled, and not once it has ended", async () => {
  nowMs += 1_000;
  await expect(assertActive(ID, "undo")).resolves.toBeUndefined();
  const found = await store.getExecution(ID);
  const failure = { code: "cancelled", message: "cancelled" } as const;
  const ended = Execution.parse({ ...found?.value, status: "cancelled", failure, outcomes: [], endedAt: AT });
  await store.updateExecution(ended, found?.etag ?? "");
  nowMs += 1_000;
  await expect(assertActive(ID, "undo")).rejects.toThrow("execution-ended");
});

test("P7 the record as it is now is no answer of a moment ago, and answers the next question about it", async () => {
  nowMs += 100;
  expect((await steeringOf(ID))?.cancelRequest).toBeUndefined();
  const now = await executionNow(ID);
  expect(now?.cancelRequest).toMatchObject({ requestedBy: "tester" });
  expect(now).toEqual((await store.getExecution(ID))?.value);
  await store.updateExecution(execution, (await store.getExecution(ID))?.etag ?? "");
  expect(await steeringOf(ID)).toMatchObject({ cancelRequest: now?.cancelRequest });
});
