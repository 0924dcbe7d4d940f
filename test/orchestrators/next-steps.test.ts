import { afterEach, expect, test } from "vitest";
import { type ExecutionView, viewExecution } from "../../src/commands/execution-view.js";
import { startExecution } from "../../src/commands/start-execution.js";
import { ExecutionOptions } from "../../src/domain/execution.js";
import type { NextStep } from "../../src/domain/executions/next-steps.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { Scenario, Verb } from "../../src/domain/vocabulary.js";
import { estateOf } from "../support/estates.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

async function open(scenario: Scenario, plan: Partial<PlanInput> = {}): Promise<void> {
  app = await VirtualApp.open();
  const estate = estateOf(scenario);
  await app.load({ world: estate.world, plan: { ...estate.plan, validation: { required: false }, ...plan } });
}

const oneGroup = (web: "optional" | "critical"): Partial<PlanInput> => ({
  groups: [{ id: "g", name: "g", items: [{ id: "db" }, { id: "app" }, { id: "web", criticality: web }] }],
});

const stepFor = ({ nextSteps }: ExecutionView, verb: Verb): NextStep | undefined =>
  nextSteps.find((step) => step.verb === verb);

/** Sends the call of a next step on the plan as it is. */
async function follow(view: ExecutionView, verb: Verb): Promise<ExecutionView> {
  const step = stepFor(view, verb);
  const planId = /^\/api\/recovery-plans\/([^/]+)\/executions$/.exec(step?.path ?? "")?.[1];
  if (step === undefined || planId === undefined) throw new Error(`no call on the plan for ${verb}`);
  const { executionId } = await startExecution(app.context, {
    idempotencyKey: crypto.randomUUID(),
    target: { kind: "plan", planId },
    verb,
    options: ExecutionOptions.parse(step.body["options"] ?? {}),
    requestedBy: "tester",
  });
  return app.ended(executionId);
}

test.each(["vmware-to-azure", "hyperv-to-hyperv"] as const)(
  "L1 the next steps of %s lead from a failover to protected when they are sent as they are",
  async (scenario) => {
    await open(scenario);
    let view = await app.attempt("planned-failover");
    expect(view.execution.status).toBe("succeeded");
    for (const verb of ["change-recovery-point", "commit", "reprotect"] as const) {
      view = await follow(view, verb);
      expect([verb, view.execution.status]).toEqual([verb, "succeeded"]);
    }
    expect(await app.states()).toEqual(["protected"]);
    expect(view.nextSteps).toEqual([]);
  },
);

test("L2 to try a full run again takes the machine that was left out, not those that came through", async () => {
  await open("hyperv-to-hyperv", oneGroup("optional"));
  await app.attemptOn("web", "disable-replication");
  const view = await app.attempt("full-run");
  expect(view.execution.status).toBe("succeeded-with-failures");
  expect(stepFor(view, "full-run")).toBeUndefined();
  expect(stepFor(view, "enable-replication")?.itemIds).toEqual(["web"]);
  await follow(view, "enable-replication");
  const later = await viewExecution(app.context, view.execution.executionId);
  expect(stepFor(later, "full-run")).toMatchObject({
    itemIds: ["web"],
    body: { verb: "full-run", options: { only: ["web"] } },
  });
  await follow(later, "full-run");
  const sides = new Set((await app.items()).map(({ state, direction }) => `${state} ${direction}`));
  expect([...sides]).toEqual(["protected recovery-to-primary"]);
});

test("L2 a call leaves out the items of the plan that would prevent it", async () => {
  await open("vmware-to-azure", oneGroup("critical"));
  await app.attemptOn("web", "disable-replication");
  const view = await app.attempt("unplanned-failover");
  expect(view.execution.status).toBe("succeeded-with-failures");
  await app.context.store.removeItem(app.worldId, "web", () => undefined);
  const now = await viewExecution(app.context, view.execution.executionId);
  expect(stepFor(now, "commit")?.body).toEqual({ verb: "commit", options: { only: ["db", "app"] } });
  expect((await follow(now, "commit")).execution.status).toBe("succeeded");
});

test("a machine that a verb left out is still shown as down, with its way on", async () => {
  await open("vmware-to-azure", oneGroup("optional"));
  const target = { itemId: "web" };
  await app.context.estate.addFault(app.worldId, { target, operation: "start-replica", mode: "refuse" });
  await app.attempt("unplanned-failover");
  const committed = await app.attempt("commit");
  expect(committed.downOnBothSides).toEqual(["web"]);
  expect(committed.summary).toMatch(/^Down on both sides: web\./);
  expect(stepFor(committed, "unplanned-failover")?.itemIds).toEqual(["web"]);
});

test("the view of a success leads on although its items are not released yet", async () => {
  await open("vmware-to-azure");
  const { updateItems } = app.context.store;
  const seen: string[][] = [];
  app.context.store.updateItems = async (worldId, executionId, updates) => {
    const view = await viewExecution(app.context, executionId);
    if ("endedAt" in view.execution) seen.push(view.nextSteps.map(({ verb }) => verb));
    return updateItems(worldId, executionId, updates);
  };
  await app.attempt("unplanned-failover");
  expect(seen).toContainEqual(["commit", "change-recovery-point", "cancel-failover"]);
});
