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

/** A host that dies after the record was made: before its items are taken, or before the orchestration is started. */
async function dieBeforeStart({ holdingItems } = { holdingItems: true }): Promise<string> {
  const die = () => Promise.reject(new Error("the host died"));
  const { store, orchestrations } = stage.context;
  const dying = holdingItems
    ? { ...stage.context, orchestrations: { ...orchestrations, start: die } }
    : { ...stage.context, store: { ...store, acquireItems: die } };
  await expect(startExecution(dying, request)).rejects.toThrow("the host died");
  const [recorded] = (await stage.context.store.listExecutions({ limit: 1 })).entries;
  await stage.pass(11_000);
  return recorded?.executionId ?? "";
}

test("a start that was recorded and lost is started by the sweep", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const executionId = await dieBeforeStart();
  expect((await sweepExecutions(stage.context)).mended).toEqual([executionId]);
  expect((await stage.ended(executionId)).execution.status).toBe("succeeded");
  expect((await sweepExecutions(stage.context)).mended).toEqual([]);
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
  expect((await sweepExecutions(stage.context)).mended).toEqual([executionId]);
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
  expect((await sweepExecutions(stage.context)).mended).toEqual([executionId]);
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

test("of two starts at once one is refused and leaves nothing, and its key may be used again", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const starts = await Promise.allSettled(
    ["one", "two"].map((idempotencyKey) => startExecution(stage.context, { ...request, idempotencyKey })),
  );
  expect(starts.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const refused = starts.findIndex(({ status }) => status === "rejected");
  expect(starts[refused]).toMatchObject({ reason: { code: "item-held" } });
  const { entries } = await stage.context.store.listExecutions({ limit: 10 });
  expect(entries.map(({ idempotencyKey }) => idempotencyKey)).toEqual([["two", "one"][refused]]);

  const [won] = entries;
  expect((await stage.ended(won?.executionId ?? "")).execution.status).toBe("succeeded");
  const again = { ...request, idempotencyKey: ["one", "two"][refused] ?? "", verb: "test-clean-up" } as const;
  const { executionId } = await startExecution(stage.context, again);
  expect((await stage.ended(executionId)).execution.status).toBe("succeeded");
});

test("a start that was lost, and whose items another took meanwhile, ends and says why", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const lost = await dieBeforeStart({ holdingItems: false });
  await stage.start("planned-failover");
  expect((await sweepExecutions(stage.context)).mended).toEqual([lost]);
  const ended = (await stage.context.store.getExecution(lost))?.value;
  expect(ended).toMatchObject({ status: "failed", failure: { code: "item-held" } });
});
