import { afterEach, expect, test } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import { startExecution } from "../../src/commands/start-execution.js";
import { sweepExecutions } from "../../src/commands/sweep.js";
import { ExecutionOptions } from "../../src/domain/execution.js";
import { Stage } from "./support/stage.js";

let stage: Stage;
afterEach(() => stage.close());

const request = {
  idempotencyKey: "one",
  target: { kind: "plan", planId: "shop" },
  verb: "test-failover",
  options: ExecutionOptions.parse({}),
  requestedBy: "tester",
} as const;

/** A host that dies between the record and the start of the orchestration. */
async function dieBeforeStart(): Promise<string> {
  const dying = {
    ...stage.context,
    orchestrations: { ...stage.context.orchestrations, start: () => Promise.reject(new Error("the host died")) },
  };
  await expect(startExecution(dying, request)).rejects.toThrow("the host died");
  const [recorded] = (await stage.context.store.listExecutions({ limit: 1 })).entries;
  await stage.pass(11_000);
  return recorded?.executionId ?? "";
}

test("a start that was recorded and lost is started by the sweep", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const executionId = await dieBeforeStart();
  expect(await sweepExecutions(stage.context)).toEqual([executionId]);
  expect((await stage.ended(executionId)).execution.status).toBe("succeeded");
  expect(await sweepExecutions(stage.context)).toEqual([]);
});

test("a start that was recorded and lost is started by its repetition", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const executionId = await dieBeforeStart();
  expect((await startExecution(stage.context, request)).executionId).toBe(executionId);
  expect((await stage.ended(executionId)).execution.status).toBe("succeeded");
});

test("an execution whose orchestration was terminated is ended, and its items are given up", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const executionId = await stage.start("planned-failover");
  await stage.awaiting(executionId, "confirm");
  await stage.hub.terminate(executionId, "by hand");
  await stage.until(executionId, () => true);
  expect(await sweepExecutions(stage.context)).toEqual([executionId]);
  const { execution } = await stage.ended(executionId);
  expect(execution).toMatchObject({ status: "failed", failure: { message: expect.stringContaining("by hand") } });
  expect((await stage.items()).every(({ heldBy }) => heldBy === null)).toBe(true);
});

test("a cancel that was noted and never told is repeated by the sweep", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const executionId = await stage.start("planned-failover");
  await stage.awaiting(executionId, "confirm");
  const dying = {
    ...stage.context,
    orchestrations: { ...stage.context.orchestrations, raise: () => Promise.reject(new Error("the host died")) },
  };
  const asked = { behaviour: "restore-protection", by: "owner", reason: undefined } as const;
  await expect(cancelExecution(dying, executionId, asked)).rejects.toThrow("the host died");
  expect(await sweepExecutions(stage.context)).toEqual([executionId]);
  expect((await stage.ended(executionId)).execution.status).toBe("cancelled");
  expect(await stage.states()).toEqual(["protected"]);
});

test("a cancel that comes while nothing is left to do is not passed over", async () => {
  stage = await Stage.open();
  await stage.loadShop((plan) => ({ ...plan, validation: { required: false } }));
  const executionId = await stage.start("planned-failover");
  await stage.confirm(executionId);
  await stage.until(executionId, ({ steps }) =>
    steps.some(
      ({ id, children = [] }) =>
        id === "groups/management" && children[0]?.children?.at(-1)?.id.endsWith("start-replica"),
    ),
  );
  await cancelExecution(stage.context, executionId, {
    behaviour: "restore-protection",
    by: "owner",
    reason: undefined,
  });
  expect((await stage.ended(executionId)).execution.status).toBe("cancelled");
  expect(await stage.states()).toEqual(["protected"]);
});
