import { expect } from "vitest";
import { resolveFailure } from "../../src/commands/decisions.js";
import { getPlan, savePlan } from "../../src/commands/plans.js";
import { Plan, type PlanInput } from "../../src/domain/plans/plan.js";
import type { FailureAnswer } from "../../src/domain/vocabulary.js";
import { scenario } from "../support/both-replays.js";
import type { Stage } from "../support/virtual-app.js";

/** Saves another version of the shop's plan. */
async function changePlan(stage: Stage, change: (plan: PlanInput) => PlanInput): Promise<void> {
  const { value, etag } = await getPlan(stage.context, "shop");
  await savePlan(stage.context, Plan.parse(change(value.plan)), etag);
}

const asking = (plan: PlanInput): PlanInput => ({
  ...plan,
  failurePolicy: { "planned-failover": { onItemFailure: "ask", onActionFailure: "ask" } },
});

/** Lets a database fail to start, and gives back the execution when it asks what to do. */
async function askedAbout(stage: Stage, times?: number) {
  await changePlan(stage, asking);
  await stage.context.estate.addFault("shop", {
    target: { itemId: "orders-db-1" },
    operation: "start-replica",
    mode: "refuse",
    ...(times === undefined ? {} : { times }),
  });
  const executionId = await stage.start("planned-failover");
  return asked(stage, executionId);
}

async function asked(stage: Stage, executionId: string) {
  const view = await stage.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "resolve"));
  return { executionId, view };
}

const answer = (stage: Stage, executionId: string, what: FailureAnswer, ask = 1) =>
  resolveFailure(stage.context, executionId, { ask, answer: what, by: "operator", reason: "looked at it" });

scenario("an execution asks about a failure, and retry brings up what failed", async (stage) => {
  const { executionId, view } = await askedAbout(stage, 1);
  expect(view.status).toBe("awaiting-input");
  expect(view.awaits).toEqual([
    {
      kind: "resolve",
      ask: 1,
      asks: "group Orders databases did not get through: 1 of 3 items failed. Answer retry, skip, stop or undo.",
    },
  ]);

  await answer(stage, executionId, "retry");
  await stage.confirm(executionId);
  await stage.validate(executionId);
  const { execution, steps } = await stage.ended(executionId);

  expect(execution.status).toBe("succeeded");
  expect(await stage.states()).toEqual(["failed-over"]);
  expect(steps.find(({ id }) => id === "ask/1")).toMatchObject({
    status: "succeeded",
    detail: "operator answered retry: looked at it",
  });
  const group = steps.find(({ id }) => id === "groups/databases");
  expect(group?.children?.map(({ itemId, status }) => [itemId, status])).toContainEqual(["orders-db-1", "succeeded"]);
  const started = (await stage.context.estate.ledger("shop", { itemId: "orders-db-2" })).filter(
    ({ operation }) => operation === "start-replica",
  );
  expect(started).toHaveLength(1);
});

scenario("it asks again while a retry fails, and skip goes on without the item", async (stage) => {
  const { executionId } = await askedAbout(stage);
  await answer(stage, executionId, "retry");
  const again = await stage.until(executionId, ({ awaits }) => awaits.some((one) => "ask" in one && one.ask === 2));
  expect(again.awaits).toHaveLength(1);
  await expect(answer(stage, executionId, "skip", 1)).rejects.toThrow("[nothing-awaited]");

  await answer(stage, executionId, "skip", 2);
  await stage.confirm(executionId);
  await stage.validate(executionId);
  const { execution } = await stage.ended(executionId);

  expect(execution.status).toBe("succeeded-with-failures");
  expect((await stage.item("orders-db-1")).state).toBe("failover-failed");
  expect((await stage.item("web-1")).state).toBe("failed-over");
});

scenario("undo takes everything back, also after a retry raised an epoch", async (stage) => {
  const { executionId } = await askedAbout(stage, 2);
  await answer(stage, executionId, "retry");
  await stage.until(executionId, ({ awaits }) => awaits.some((one) => "ask" in one && one.ask === 2));
  await answer(stage, executionId, "undo", 2);
  const { execution } = await stage.ended(executionId);

  expect(execution).toMatchObject({ status: "failed", failure: { code: "undone-after-failure" } });
  expect(await stage.states()).toEqual(["protected"]);
  for (const { itemId } of await stage.items()) {
    const { source, replica } = await stage.context.estate.groundTruth("shop", itemId);
    expect([source.power, source.writable, replica.power]).toEqual(["on", true, "off"]);
  }
});

scenario("stop leaves the items where they are", async (stage) => {
  const { executionId } = await askedAbout(stage);
  await answer(stage, executionId, "stop");
  const { execution } = await stage.ended(executionId);

  expect(execution).toMatchObject({ status: "failed", failure: { code: "stopped" } });
  expect((await stage.item("orders-db-2")).state).toBe("failed-over");
});

scenario("a manual action that was declined is asked about, and may be tried again", async (stage) => {
  await changePlan(stage, asking);
  const executionId = await stage.start("planned-failover");
  await stage.confirm(executionId, false);
  await asked(stage, executionId);
  await answer(stage, executionId, "retry");
  await stage.confirm(executionId);
  await stage.validate(executionId);
  const { execution } = await stage.ended(executionId);
  expect(execution.status).toBe("succeeded");
});

scenario("an item's own word counts: undo in a plan that otherwise goes on", async (stage) => {
  await changePlan(stage, (plan) => ({
    ...plan,
    groups: plan.groups.map((group) => ({
      ...group,
      items: group.items.map((item) => (item.id === "orders-db-1" ? { ...item, onFailure: "undo" as const } : item)),
    })),
  }));
  await stage.context.estate.addFault("shop", {
    target: { itemId: "orders-db-1" },
    operation: "promote-replica",
    mode: "refuse",
  });
  const { execution } = await stage.ended(await stage.start("unplanned-failover"));
  expect(execution).toMatchObject({ status: "failed", failure: { code: "undone-after-failure" } });
  expect(await stage.states()).toEqual(["protected"]);
});
