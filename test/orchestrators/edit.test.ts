import { expect } from "vitest";
import { type ExecutionView, viewExecution } from "../../src/commands/execution-view.js";
import { getPlan } from "../../src/commands/plans.js";
import { startExecution } from "../../src/commands/start-execution.js";
import { editExecution } from "../../src/commands/steering-acts.js";
import { ExecutionOptions } from "../../src/domain/execution.js";
import type { Plan } from "../../src/domain/plans/plan.js";
import { testInBothReplays } from "../support/both-replays.js";
import { finish } from "../support/execution-driver.js";
import type { VirtualApp } from "../support/virtual-app.js";

const ANN = { person: "ann", reason: "the application servers wait" };

/** Saves a changed version of the plan, and lets the execution go on by it. */
async function edit(app: VirtualApp, executionId: string, change: (plan: Plan) => Plan): Promise<void> {
  await app.changePlan(change);
  const { value } = await getPlan(app.context, app.planId);
  await editExecution(app.context, executionId, { ...ANN, planVersion: value.version });
}

const group = (plan: Plan, id: string) => plan.groups.find((one) => one.id === id) as Plan["groups"][number];
const outcomeOf = ({ execution }: ExecutionView, itemId: string) =>
  "outcomes" in execution ? execution.outcomes.find((one) => one.itemId === itemId) : undefined;
const groupsOf = ({ steps }: ExecutionView) =>
  steps.flatMap(({ id }) => (id.startsWith("groups/") ? [id.slice(7)] : []));

testInBothReplays("later groups change their order, and the execution goes on in the new one", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  await edit(app, executionId, (plan) => ({
    ...plan,
    groups: ["databases", "web", "application", "management"].map((id) => group(plan, id)),
  }));
  const view = await finish(app, executionId);
  expect(view.status).toBe("succeeded");
  expect(groupsOf(view)).toEqual(["databases", "web", "application", "management"]);
  expect(view.execution.steering).toMatchObject([{ action: "edit", person: "ann", planVersion: 2 }]);
  expect(view.summary).toContain(", version 2,");
});

testInBothReplays(
  "a machine that an edit takes out runs at its source again, and its outcome says why",
  async (app) => {
    const executionId = await app.start("planned-failover");
    await app.awaiting(executionId, "confirm");
    await edit(app, executionId, (plan) => ({
      ...plan,
      groups: plan.groups.map((one) => ({ ...one, items: one.items.filter(({ id }) => id !== "web-4") })),
    }));
    const view = await finish(app, executionId);
    expect(outcomeOf(view, "web-4")).toMatchObject({ state: "protected", note: expect.stringContaining("ann") });
    const [seen] = await app.context.hypervisor.describeItems("shop", ["web-4"]);
    expect([seen?.source.power, seen?.replica.power]).toEqual(["on", "off"]);
    expect((await app.item("web-4")).heldBy).toBeNull();
    expect(outcomeOf(view, "web-3")).toMatchObject({ outcome: "succeeded" });
  },
);

testInBothReplays(
  "a machine that is taken out before the execution begins stays where it was, and is told of",
  async (app) => {
    const { orchestrations } = app.context;
    const dying = {
      ...app.context,
      orchestrations: { ...orchestrations, start: () => Promise.reject(new Error("died")) },
    };
    const start = {
      ...({ idempotencyKey: "taken-out-early", verb: "planned-failover", requestedBy: "tester" } as const),
      ...{ target: { kind: "plan", planId: app.planId } as const, options: ExecutionOptions.parse({}) },
    };
    await expect(startExecution(dying, start)).rejects.toThrow("died");
    const [executionId = ""] = (await app.context.store.listExecutions({ limit: 1 })).entries.map(
      (one) => one.executionId,
    );
    await edit(app, executionId, (plan) => ({
      ...plan,
      groups: plan.groups.map((one) => ({ ...one, items: one.items.filter(({ id }) => id !== "web-4") })),
    }));
    await startExecution(app.context, start);
    const view = await finish(app, executionId);
    expect(outcomeOf(view, "web-4")).toMatchObject({
      ...{ outcome: "left-out", state: "protected" },
      note: expect.stringContaining("taken out of the execution by ann"),
    });
    expect(outcomeOf(view, "web-3")).toMatchObject({ outcome: "succeeded" });
  },
);

testInBothReplays("an action that an edit adds to a later group is asked for", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  await edit(app, executionId, (plan) => ({
    ...plan,
    groups: plan.groups.map((one) => ({
      ...one,
      before:
        one.id !== "application"
          ? one.before
          : [
              {
                ...{ id: "check-licence", name: "Check the licence", kind: "manual" as const },
                ...{ instructions: "Look at the licence.", timeLimitMinutes: 60 },
                ...{ failoverTypes: ["planned" as const], directions: ["primary-to-recovery" as const] },
              },
            ],
    })),
  }));
  await app.confirm(executionId);
  const { awaits } = await app.until(executionId, (view) =>
    view.awaits.some((one) => one.kind === "confirm" && one.actionId === "check-licence"),
  );
  expect(awaits).toHaveLength(1);
  expect((await finish(app, executionId)).status).toBe("succeeded");
});

testInBothReplays("an edit of what has begun is refused with every difference, and changes nothing", async (app) => {
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  const made = edit(app, executionId, (plan) => ({
    ...plan,
    shutdown: { ...plan.shutdown, order: "together" },
    groups: plan.groups.map((one) => (one.id === "databases" ? { ...one, minimumHealthy: 1, after: [] } : one)),
  }));
  await expect(made).rejects.toMatchObject({
    code: "steering-refused",
    details: [
      "the shutdown has begun and differs",
      "group databases has begun and differs in after and minimumHealthy",
    ],
  });
  await expect(editExecution(app.context, executionId, { ...ANN, planVersion: 99 })).rejects.toMatchObject({
    code: "plan-not-found",
  });
  expect((await viewExecution(app.context, executionId)).execution.steering).toBeUndefined();
  expect((await finish(app, executionId)).status).toBe("succeeded");
});
