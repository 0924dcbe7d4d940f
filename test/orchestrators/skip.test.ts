import { expect } from "vitest";
import { viewExecution } from "../../src/commands/execution-view.js";
import { skipSteps } from "../../src/commands/steering-acts.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { leavesOf } from "../../src/domain/steps.js";
import { testInBothReplays } from "../support/both-replays.js";
import { finish } from "../support/execution-driver.js";
import type { VirtualApp } from "../support/virtual-app.js";

const MINUTE_MS = 60_000;
const ANN = { person: "ann", reason: "we checked it by hand" };
const skip = (app: VirtualApp, executionId: string, stepIds: string[]) =>
  skipSteps(app.context, executionId, { ...ANN, stepIds });

/** A probe that never answers, because nothing listens there. */
const probed = (plan: PlanInput): PlanInput => ({
  ...plan,
  groups: plan.groups.map((group) => ({
    ...group,
    items: group.items.map((item) =>
      item.id === "orders-db-2"
        ? { ...item, probes: [{ kind: "tcp" as const, port: 9, timeLimitSeconds: 3_600 }] }
        : item,
    ),
  })),
});

testInBothReplays("a manual action that is skipped counts as done, and says who skipped it", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  await Promise.all([1, 2].map(() => skip(app, executionId, ["action/check-orders"])));
  await skip(app, executionId, ["action/check-orders"]);
  const view = await finish(app, executionId);
  expect(view.status).toBe("succeeded");
  expect(view.steps.find(({ id }) => id === "action/check-orders")).toMatchObject({
    status: "skipped",
    detail: "skipped by ann: we checked it by hand",
  });
});

testInBothReplays("the shutdown of a source that hangs is skipped in an unplanned failover", async (app) => {
  await app.context.estate.addFault("shop", {
    target: { itemId: "web-1" },
    operation: "shut-down-source",
    mode: "hang",
  });
  const executionId = await app.start("unplanned-failover");
  const { awaits } = await app.until(executionId, (view) => view.awaits.length > 0);
  const stepIds = awaits.flatMap(({ stepId }) => stepId ?? []);
  await skip(app, executionId, stepIds);
  const skippedMs = app.clock.now();
  const view = await finish(app, executionId);
  expect(view.status).toBe("succeeded");
  expect(view.steps.find(({ id }) => id === "shutdown")?.detail).toContain("skipped by ann");
  const step = leavesOf(view.steps).find(({ id }) => id === stepIds[0]);
  expect(Date.parse(step?.endedAt ?? "") - skippedMs).toBeLessThan(MINUTE_MS);
});

testInBothReplays("what a machine would be lost without cannot be skipped", async (app) => {
  const executionId = await app.start("planned-failover");
  const view = await app.until(executionId, ({ steps }) =>
    leavesOf(steps).some(({ id, status }) => id.endsWith("/shut-down-source") && status === "running"),
  );
  const [step] = leavesOf(view.steps).filter(({ id }) => id.endsWith("/shut-down-source"));
  await expect(skip(app, executionId, [step?.id ?? ""])).rejects.toMatchObject({ code: "steering-refused" });
  const { allowedActions, execution } = await viewExecution(app.context, executionId);
  expect(allowedActions.find(({ action }) => action === "skip")).toMatchObject({ allowed: false });
  expect(execution.steering).toBeUndefined();
});

testInBothReplays(
  "a probe that is skipped leaves the machine as it runs, and its outcome says who skipped it",
  async (app) => {
    const executionId = await app.start("unplanned-failover");
    const view = await app.until(executionId, ({ steps }) =>
      leavesOf(steps).some(({ id, status }) => id.endsWith("orders-db-2/await-probes") && status === "running"),
    );
    const probe = leavesOf(view.steps).find(({ id }) => id.endsWith("orders-db-2/await-probes"));
    await skip(app, executionId, [probe?.id ?? ""]);
    const { execution } = await finish(app, executionId);
    const outcome = "outcomes" in execution ? execution.outcomes.find(({ itemId }) => itemId === "orders-db-2") : null;
    expect(outcome).toMatchObject({
      outcome: "succeeded",
      state: "failed-over",
      note: expect.stringContaining("skipped by ann: we checked it by hand"),
    });
  },
  probed,
);
