import { afterEach, describe, expect, test } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import { type ExecutionView, viewExecution } from "../../src/commands/execution-view.js";
import { switchToUnplanned } from "../../src/commands/steer.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { leavesOf } from "../../src/domain/steps.js";
import { estateOf, REPROTECT } from "../support/estates.js";
import { finish } from "../support/execution-driver.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

const MINUTE_MS = 60_000;
const NO_TEST = { acknowledgeNoTest: true };
const ANN = { person: "ann", reason: "the primary site burns" };

async function open(replay: "normal" | "every-step", plan: Partial<PlanInput> = {}): Promise<void> {
  app = await VirtualApp.open({ replay });
  const estate = estateOf("azure-to-azure");
  await app.load({ world: estate.world, plan: { ...estate.plan, validation: { required: false }, ...plan } });
}

const siteDies = (siteId: string) => app.context.estate.addFault(app.worldId, { target: { siteId }, mode: "hang" });
const hang = (executionId: string): Promise<ExecutionView> =>
  app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "continue-without"));
const switchNow = (executionId: string, by = ANN) => switchToUnplanned(app.context, executionId, by);
const shutsDown = (executionId: string): Promise<ExecutionView> =>
  app.until(executionId, ({ steps }) =>
    leavesOf(steps).some(({ id, status }) => isShutdown(id) && status === "running"),
  );
const isShutdown = (id: string): boolean => id.endsWith("/shut-down-source");
const outcomesOf = ({ execution }: ExecutionView) => ("outcomes" in execution ? execution.outcomes : []);

describe.each(["normal", "every-step"] as const)("%s replay", (replay) => {
  test("a planned failover whose source dies goes on as an unplanned one, and measures its loss", async () => {
    await open(replay);
    const executionId = await app.start("planned-failover", NO_TEST);
    await shutsDown(executionId);
    await siteDies("home");
    await hang(executionId);
    const askedMs = app.clock.now();
    await Promise.all([switchNow(executionId), switchNow(executionId, { person: "bob", reason: "so do I" })]);
    await switchNow(executionId);
    const view = await app.ended(executionId);
    expect(app.clock.now() - askedMs).toBeLessThan(30 * MINUTE_MS);
    expect(view.status).toBe("succeeded");
    expect(view.execution).toMatchObject({ verb: "planned-failover", steering: [{ action: "switch-to-unplanned" }] });
    expect(view.execution.steering).toHaveLength(1);
    expect(outcomesOf(view).map(({ state }) => state)).toEqual(["failed-over", "failed-over", "failed-over"]);
    const truths = outcomesOf(view).map(async ({ itemId, dataLoss }) => {
      const truth = await app.context.estate.groundTruth(app.worldId, itemId);
      expect(dataLoss).toMatchObject({ writes: expect.any(Number) });
      return `${truth.replica.power} ${truth.epoch}`;
    });
    expect(await Promise.all(truths)).toEqual(["on 1", "on 1", "on 1"]);
    expect(outcomesOf(view).some(({ dataLoss }) => (dataLoss?.writes ?? 0) > 0)).toBe(true);
    expect(view.steps.find(({ id }) => id === "shutdown")?.detail).toContain("ann switched to an unplanned failover");
  });

  test("a planned failback does the same on its way home", async () => {
    await open(replay);
    await app.run("planned-failover", NO_TEST);
    await app.run("commit");
    await app.run("reprotect", REPROTECT);
    await app.pass(5 * 60 * MINUTE_MS);
    const executionId = await app.start("planned-failback", NO_TEST);
    await shutsDown(executionId);
    await siteDies("away");
    await hang(executionId);
    await switchNow(executionId);
    const view = await app.ended(executionId);
    expect(view.status).toBe("succeeded");
    expect(outcomesOf(view).map(({ activeSiteId }) => activeSiteId)).toEqual(["home", "home", "home"]);
  });

  test("a switch answers the question about sources that could not be shut down", async () => {
    await open(replay, { failurePolicy: { "planned-failover": { onItemFailure: "ask", onActionFailure: "ask" } } });
    await app.context.estate.addFault(app.worldId, {
      target: { itemId: "db" },
      operation: "final-synchronise",
      mode: "refuse",
    });
    const executionId = await app.start("planned-failover", NO_TEST);
    await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "resolve"));
    await switchNow(executionId);
    const view = await app.ended(executionId);
    expect(view.status).toBe("succeeded");
    expect(outcomesOf(view).find(({ itemId }) => itemId === "db")).toMatchObject({ outcome: "succeeded" });
  });

  test("a cancel after the switch restores protection as far as the source allows", async () => {
    await open(replay);
    await app.context.estate.addFault(app.worldId, {
      target: { itemId: "db" },
      operation: "shut-down-source",
      mode: "hang",
    });
    const executionId = await app.start("planned-failover", NO_TEST);
    await hang(executionId);
    await switchNow(executionId);
    await cancelExecution(app.context, executionId, { behaviour: "restore-protection", by: "ann", reason: undefined });
    expect((await app.ended(executionId)).status).toBe("cancelled");
    expect(await app.states()).toEqual(["protected"]);
  });
});

test("only a planned failover that has groups ahead can be switched, and the refusal says so", async () => {
  await open("normal", { validation: { required: true } });
  const executionId = await app.start("planned-failover", NO_TEST);
  await app.awaiting(executionId, "validate");
  await expect(switchNow(executionId)).rejects.toMatchObject({
    code: "steering-refused",
    message: expect.stringContaining("all groups are through"),
  });
  await finish(app, executionId);
  await app.run("commit");
  await app.run("reprotect", REPROTECT);
  const failback = await app.start("failback", NO_TEST);
  await expect(switchNow(failback)).rejects.toMatchObject({ code: "steering-refused" });
  const { allowedActions } = await viewExecution(app.context, failback);
  expect(allowedActions.find(({ action }) => action === "switch-to-unplanned")).toMatchObject({
    allowed: false,
    because: "failback is not a planned failover",
  });
});
