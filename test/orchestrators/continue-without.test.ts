import { afterEach, describe, expect, test } from "vitest";
import { cancelExecution, continueWithout } from "../../src/commands/decisions.js";
import type { ExecutionView } from "../../src/commands/execution-view.js";
import type { StuckStep } from "../../src/commands/stuck-steps.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { FaultInput } from "../../src/hypervisor/port.js";
import { estateOf } from "../support/estates.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

const MINUTE_MS = 60_000;
const WHOLE_SITE: FaultInput = { target: { siteId: "home" }, mode: "hang" };

async function open(replay: "normal" | "every-step", fault: FaultInput, plan: Partial<PlanInput> = {}): Promise<void> {
  app = await VirtualApp.open({ replay });
  const estate = estateOf("vmware-to-azure");
  await app.load({ world: estate.world, plan: { ...estate.plan, validation: { required: false }, ...plan } });
  await app.context.estate.addFault(app.worldId, fault);
}

const stuckIn = ({ awaits }: ExecutionView): StuckStep[] =>
  awaits.flatMap((awaited) => (awaited.kind === "continue-without" ? [awaited] : []));
const stuck = (executionId: string, count = 1): Promise<ExecutionView> =>
  app.until(executionId, (view) => {
    if (isEnded(view.status)) throw new Error(`it ended: ${JSON.stringify(view.execution)}`);
    return stuckIn(view).length === count;
  });
const goOn = (executionId: string, itemIds?: string[]) =>
  continueWithout(app.context, executionId, { itemIds, by: "ops", reason: "the site is gone" });

const outcomesOf = ({ execution }: ExecutionView) => ("outcomes" in execution ? execution.outcomes : []);
const powerOf = async (itemId: string) => {
  const [seen] = await app.context.hypervisor.describeItems(app.worldId, [itemId]);
  return { source: seen?.source.power, replica: seen?.replica.power };
};

describe.each(["normal", "every-step"] as const)("%s replay", (replay) => {
  test("a site that hangs is seen at once: which machine, which step, since when, the limit, and what can be done", async () => {
    await open(replay, WHOLE_SITE);
    const executionId = await app.start("unplanned-failover");
    const startedMs = app.clock.now();
    const view = await stuck(executionId, 3);
    expect(app.clock.now() - startedMs).toBeLessThan(MINUTE_MS);
    expect(view.status).toBe("running");
    const [web] = stuckIn(view).filter(({ itemId }) => itemId === "web");
    expect(web).toMatchObject({
      stepId: "shutdown/items/web/shut-down-source",
      title: "Shut the source down",
      limitMinutes: 15,
      choices: ["wait", "continue-without", "cancel"],
    });
    expect(Date.parse(web?.until ?? "") - Date.parse(web?.since ?? "")).toBe(15 * MINUTE_MS);
    expect(web?.asks).toContain("the hypervisor reports that it hangs");
    expect(web?.asks).toContain("it fails over without its shutdown, and what it has not sent is lost");
    expect(view.summary).toContain('Hangs or takes unusually long: "Shut the source down" of ');
  });

  test("however many machines are stuck, one next step goes on without all of them", async () => {
    await open(replay, WHOLE_SITE);
    const executionId = await app.start("unplanned-failover");
    const { nextSteps } = await stuck(executionId, 3);
    expect(nextSteps.map(({ verb }) => verb)).toEqual(["continue-without", "cancel"]);
    const [step] = nextSteps;
    expect(step?.path).toBe(`/api/executions/${executionId}/continue-without`);
    expect(step?.body).toEqual({ itemIds: step?.itemIds });
    expect([...(step?.itemIds ?? [])].sort()).toEqual(["app", "db", "web"]);
    expect(step?.why).toMatch(
      /^gives up at once: "Shut the source down" of .* \(each: it fails over without its shutdown/,
    );
    await goOn(executionId, step?.itemIds);
    expect((await app.ended(executionId)).execution.status).toBe("succeeded");
  });

  test("P5 continuing without the shutdown fails the machines over at once, each with its loss", async () => {
    await open(replay, WHOLE_SITE);
    const executionId = await app.start("unplanned-failover");
    const startedMs = app.clock.now();
    await stuck(executionId, 3);
    await goOn(executionId);
    const ended = await app.ended(executionId);
    expect(app.clock.now() - startedMs).toBeLessThan(15 * MINUTE_MS);
    expect(ended.status).toBe("succeeded");
    expect(ended.steps.find(({ id }) => id === "shutdown")?.detail).toContain(
      "ops decided to continue without it: the site is gone",
    );
    expect(
      outcomesOf(ended)
        .map(({ itemId, outcome }) => `${itemId} ${outcome}`)
        .toSorted(),
    ).toEqual(["app succeeded", "db succeeded", "web succeeded"]);
    expect(outcomesOf(ended).filter(({ dataLoss }) => !((dataLoss?.seconds ?? 0) > 0))).toEqual([]);
    expect(await app.states()).toEqual(["failed-over"]);
  });

  test("a step that was given up is abandoned at the hypervisor: it has no effect when the site answers again", async () => {
    await open(replay, WHOLE_SITE);
    const executionId = await app.start("unplanned-failover");
    await stuck(executionId, 3);
    await goOn(executionId);
    await app.ended(executionId);
    await app.context.estate.clearFaults(app.worldId);
    await app.pass(60 * MINUTE_MS);
    const ledger = await app.context.estate.ledger(app.worldId, { itemId: "web" });
    expect(ledger.map(({ operation }) => operation)).not.toContain("shut-down-source");
  });

  test("a planned failover leaves the machine behind where it runs, and the others go", async () => {
    await open(replay, { target: { itemId: "app" }, operation: "final-synchronise", mode: "hang" });
    const executionId = await app.start("planned-failover");
    expect(stuckIn(await stuck(executionId))[0]?.asks).toContain("it stays where it runs");
    await goOn(executionId, ["app"]);
    const ended = await app.ended(executionId);
    expect(ended.status).toBe("succeeded-with-failures");
    expect(outcomesOf(ended).find(({ itemId }) => itemId === "app")).toMatchObject({
      outcome: "failed",
      state: "protected",
      failure: { code: "continued-without", message: "ops decided to continue without it: the site is gone" },
    });
    expect(await powerOf("app")).toEqual({ source: "on", replica: "off" });
    expect(await powerOf("db")).toEqual({ source: "off", replica: "on" });
  });

  test("continuing without one machine of a group does not stop a plan that stops at a failure", async () => {
    await open(replay, { target: { itemId: "db" }, operation: "start-replica", mode: "hang" });
    const executionId = await app.start("planned-failover");
    await stuck(executionId);
    await goOn(executionId);
    const ended = await app.ended(executionId);
    expect(ended.status).toBe("succeeded-with-failures");
    expect(
      outcomesOf(ended)
        .map(({ itemId, failure }) => `${itemId} ${failure?.code ?? "ok"}`)
        .toSorted(),
    ).toEqual(["app ok", "db continued-without", "web ok"]);
  });

  test("a step that takes unusually long is seen too, and can be given up", async () => {
    await open(replay, { target: { itemId: "web" }, operation: "shut-down-source", mode: "slow", factor: 500 });
    const executionId = await app.start("unplanned-failover");
    const [web] = stuckIn(await stuck(executionId));
    expect(web?.asks).toContain("it takes unusually long");
    await goOn(executionId, ["web"]);
    expect((await app.ended(executionId)).status).toBe("succeeded");
  });

  test("a machine that hangs while its data are processed is given up alone", async () => {
    await open(replay, { target: { itemId: "web" }, operation: "process-pending-data", mode: "hang" });
    const executionId = await app.start("unplanned-failover");
    const [web] = stuckIn(await stuck(executionId));
    expect(web?.title).toBe("Process pending data");
    expect(web?.asks).toContain("it counts as failed");
    await goOn(executionId);
    const ended = await app.ended(executionId);
    expect(ended.status).toBe("succeeded-with-failures");
    expect(outcomesOf(ended).filter(({ failure }) => failure?.code === "continued-without")).toMatchObject([
      { itemId: "web" },
    ]);
    expect(await powerOf("web")).toMatchObject({ replica: "off" });
  });

  test("an undo that hangs is given up on request: the execution ends and names what is not done", async () => {
    await open(replay, { target: { itemId: "app" }, operation: "restore-replication", mode: "hang" });
    const executionId = await app.start("unplanned-failover");
    await app.pass(10 * MINUTE_MS);
    await cancelExecution(app.context, executionId, {
      behaviour: "restore-protection",
      by: "owner",
      reason: undefined,
    });
    const [undo] = stuckIn(await stuck(executionId));
    expect(undo).toMatchObject({ itemId: "app", choices: ["wait", "continue-without"] });
    await goOn(executionId);
    const ended = await app.ended(executionId);
    expect(ended.execution).toMatchObject({ status: "cancelled", failure: { code: "undo-failed" } });
    expect(outcomesOf(ended).find(({ itemId }) => itemId === "app")?.failure?.message).toBe(
      "ops decided to continue without it: the site is gone. Not done: restore replication, verify that it is protected",
    );
    expect(await powerOf("app")).toEqual({ source: "on", replica: "off" });
  });
});

test("a decision may be repeated, and is refused where nothing is stuck, with what is", async () => {
  await open("normal", { target: { itemId: "web" }, operation: "shut-down-source", mode: "hang" });
  const executionId = await app.start("unplanned-failover");
  await stuck(executionId);
  await expect(goOn(executionId, ["db"])).rejects.toMatchObject({
    code: "nothing-awaited",
    details: ['web is stuck at "Shut the source down"'],
  });
  await goOn(executionId, ["web"]);
  await goOn(executionId, ["web"]);
  await app.until(executionId, (view) => stuckIn(view).length === 0);
  await goOn(executionId, ["web"]);
  await app.ended(executionId);
  await expect(goOn(executionId, ["web"])).rejects.toMatchObject({ code: "execution-ended" });
});

test("a step that goes on by itself is no longer offered", async () => {
  await open("normal", { target: { itemId: "web" }, operation: "shut-down-source", mode: "hang" });
  const executionId = await app.start("planned-failover");
  await stuck(executionId);
  await app.context.estate.clearFaults(app.worldId);
  const view = await app.until(executionId, (seen) => stuckIn(seen).length === 0);
  expect(isEnded(view.status)).toBe(false);
  await expect(goOn(executionId)).rejects.toMatchObject({ code: "nothing-awaited" });
  expect((await app.ended(executionId)).status).toBe("succeeded");
});
