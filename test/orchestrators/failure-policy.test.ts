import { expect } from "vitest";
import { resolveFailure } from "../../src/commands/decisions.js";
import { getPlan, savePlan } from "../../src/commands/plans.js";
import { Plan, type PlanInput } from "../../src/domain/plans/plan.js";
import type { FailureAnswer } from "../../src/domain/vocabulary.js";
import { testInBothReplays } from "../support/both-replays.js";
import type { VirtualApp } from "../support/virtual-app.js";

/** Saves another version of the shop's plan. */
async function changePlan(app: VirtualApp, change: (plan: PlanInput) => PlanInput): Promise<void> {
  const { value, etag } = await getPlan(app.context, "shop");
  await savePlan(app.context, Plan.parse(change(value.plan)), etag, "planner");
}

const asking = (plan: PlanInput): PlanInput => ({
  ...plan,
  failurePolicy: { "planned-failover": { onItemFailure: "ask", onActionFailure: "ask" } },
});

/** Makes a database fail to start, and returns the execution when it asks what to do. */
async function askedAbout(app: VirtualApp, times?: number) {
  await changePlan(app, asking);
  await app.context.estate.addFault("shop", {
    target: { itemId: "orders-db-1" },
    operation: "start-replica",
    mode: "refuse",
    ...(times === undefined ? {} : { times }),
  });
  const executionId = await app.start("planned-failover");
  return asked(app, executionId);
}

async function asked(app: VirtualApp, executionId: string) {
  const view = await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "resolve"));
  return { executionId, view };
}

const answer = (app: VirtualApp, executionId: string, what: FailureAnswer, ask = 1) =>
  resolveFailure(app.context, executionId, { ask, answer: what, by: "operator", reason: "looked at it" });

testInBothReplays("an execution asks about a failure, and retry recovers the failed item", async (app) => {
  const { executionId, view } = await askedAbout(app, 1);
  expect(view.status).toBe("awaiting-input");
  expect(view.awaits).toMatchObject([
    {
      kind: "resolve",
      ask: 1,
      asks: "group Orders databases did not get through: 1 of 3 items failed. Answer retry, skip, stop or undo.",
      onExpiry: "the execution stops",
      call: { method: "POST", path: `/api/executions/${executionId}/resolve`, body: { ask: 1, answer: "retry" } },
    },
  ]);

  await answer(app, executionId, "retry");
  await app.confirm(executionId);
  await app.validate(executionId);
  const { execution, steps } = await app.ended(executionId);

  expect(execution.status).toBe("succeeded");
  expect(await app.states()).toEqual(["failed-over"]);
  expect(steps.find(({ id }) => id === "ask/1")).toMatchObject({
    status: "succeeded",
    detail: "operator answered retry: looked at it",
  });
  const group = steps.find(({ id }) => id === "groups/databases");
  expect(group?.children?.map(({ itemId, status }) => [itemId, status])).toContainEqual(["orders-db-1", "succeeded"]);
  const started = (await app.context.estate.ledger("shop", { itemId: "orders-db-2" })).filter(
    ({ operation }) => operation === "start-replica",
  );
  expect(started).toHaveLength(1);
});

testInBothReplays("it asks again while a retry fails, and skip continues without the item", async (app) => {
  const { executionId } = await askedAbout(app);
  await answer(app, executionId, "retry");
  const again = await app.until(executionId, ({ awaits }) => awaits.some((one) => "ask" in one && one.ask === 2));
  expect(again.awaits).toHaveLength(1);
  await expect(answer(app, executionId, "skip", 1)).rejects.toThrow("[decided-already]");

  await answer(app, executionId, "skip", 2);
  await app.confirm(executionId);
  await app.validate(executionId);
  const { execution } = await app.ended(executionId);

  expect(execution.status).toBe("succeeded-with-failures");
  expect((await app.item("orders-db-1")).state).toBe("failover-failed");
  expect((await app.item("web-1")).state).toBe("failed-over");
});

testInBothReplays("undo reverts everything, even after a retry that raised an epoch", async (app) => {
  const { executionId } = await askedAbout(app, 2);
  await answer(app, executionId, "retry");
  await app.until(executionId, ({ awaits }) => awaits.some((one) => "ask" in one && one.ask === 2));
  await answer(app, executionId, "undo", 2);
  const { execution } = await app.ended(executionId);

  expect(execution).toMatchObject({ status: "failed", failure: { code: "undone-after-failure" } });
  expect(await app.states()).toEqual(["protected"]);
  for (const { itemId } of await app.items()) {
    const { source, replica } = await app.context.estate.groundTruth("shop", itemId);
    expect([source.power, source.writable, replica.power]).toEqual(["on", true, "off"]);
  }
});

testInBothReplays("stop leaves the items where they are", async (app) => {
  const { executionId } = await askedAbout(app);
  await answer(app, executionId, "stop");
  const { execution } = await app.ended(executionId);

  expect(execution).toMatchObject({ status: "failed", failure: { code: "stopped" } });
  expect((await app.item("orders-db-2")).state).toBe("failed-over");
});

testInBothReplays("a declined manual action raises a question, and can be retried", async (app) => {
  await changePlan(app, asking);
  const executionId = await app.start("planned-failover");
  await app.confirm(executionId, false);
  await asked(app, executionId);
  await answer(app, executionId, "retry");
  await app.confirm(executionId);
  await app.validate(executionId);
  const { execution } = await app.ended(executionId);
  expect(execution.status).toBe("succeeded");
});

testInBothReplays("the policy of an item overrides that of its plan: undo in a plan that continues", async (app) => {
  await changePlan(app, (plan) => ({
    ...plan,
    groups: plan.groups.map((group) => ({
      ...group,
      items: group.items.map((item) => (item.id === "orders-db-1" ? { ...item, onFailure: "undo" as const } : item)),
    })),
  }));
  await app.context.estate.addFault("shop", {
    target: { itemId: "orders-db-1" },
    operation: "promote-replica",
    mode: "refuse",
  });
  const { execution } = await app.ended(await app.start("unplanned-failover"));
  expect(execution).toMatchObject({ status: "failed", failure: { code: "undone-after-failure" } });
  expect(await app.states()).toEqual(["protected"]);
});
