import { expect, test } from "vitest";
import { cancelExecution } from "../../src/commands/decisions.js";
import type { ExecutionOptions } from "../../src/domain/execution.js";
import { ReprotectOptions } from "../../src/domain/failback/reprotect-options.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import { type Answers, finish } from "../support/execution-driver.js";
import { VirtualApp } from "../support/virtual-app.js";

/** An app that keeps the progress of every look at an execution. */
class Watched {
  readonly seen: number[] = [];
  readonly app: VirtualApp;

  constructor(app: VirtualApp) {
    this.app = app;
  }

  async until(executionId: string, wanted: Parameters<VirtualApp["until"]>[1]) {
    return this.app.until(executionId, (view) => {
      if (view.progress < 100 || !isEnded(view.status)) this.seen.push(view.progress);
      return wanted(view);
    });
  }

  decide(...decision: Parameters<VirtualApp["decide"]>): Promise<void> {
    return this.app.decide(...decision);
  }

  async run(verb: Verb, answers: Answers = {}, options: Partial<ExecutionOptions> = {}): Promise<string> {
    const { status } = await finish(this, await this.app.start(verb, options), answers);
    return status;
  }

  /** The progress since the last call: it never falls, and takes at least so many values. */
  expectOnlyForward(values = 5): void {
    const seen = this.seen.splice(0);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(new Set(seen).size).toBeGreaterThanOrEqual(values);
    expect(Math.max(...seen)).toBeLessThan(100); // 100 means that it has ended
  }
}

async function watchedShop(change?: (plan: PlanInput) => PlanInput): Promise<Watched> {
  const app = await VirtualApp.open();
  await app.loadShop(change);
  return new Watched(app);
}

/** The way home needs a datastore for the machines that it makes anew. */
const HOME: Partial<ExecutionOptions> = { reprotect: ReprotectOptions.parse({ datastoreId: "ssd-rtm-01" }) };

const asking = (plan: PlanInput): PlanInput => ({
  ...plan,
  failurePolicy: { "planned-failover": { onItemFailure: "ask", onActionFailure: "ask" } },
});

test("P1 progress only goes forward through test, clean-up, failover, commit and reprotect", async () => {
  const watched = await watchedShop();
  for (const verb of ["test-failover", "test-clean-up", "planned-failover", "commit", "reprotect"] as const) {
    expect(await watched.run(verb, {}, verb === "reprotect" ? HOME : {})).toMatch(/^succeeded/);
    watched.expectOnlyForward(verb.endsWith("failover") ? 5 : 1);
  }
  await watched.app.close();
});

test("P1 progress only goes forward through a full run", async () => {
  const watched = await watchedShop();
  expect(await watched.run("full-run", {}, HOME)).toMatch(/^succeeded/);
  watched.expectOnlyForward();
  await watched.app.close();
});

test.each([
  ["start-replica", ["retry", "retry", "skip"]],
  ["shut-down-source", ["retry", "undo"]],
  ["promote-replica", ["retry", "undo"]],
] as const)("P2 progress only goes forward when %s fails and people answer %j", async (operation, failures) => {
  const watched = await watchedShop(asking);
  await watched.app.context.estate.addFault("shop", {
    target: { itemId: "orders-db-1" },
    operation,
    mode: "refuse",
  });
  await watched.run("planned-failover", { failures });
  watched.expectOnlyForward();
  await watched.app.close();
});

test("P2 progress only goes forward when the result is rejected and undone", async () => {
  const watched = await watchedShop();
  expect(await watched.run("planned-failover", { verdict: "reject" })).toBe("failed");
  watched.expectOnlyForward();
  await watched.app.close();
});

test.each(["restore-protection", "as-documented"] as const)(
  "P2 progress only goes forward when it is cancelled: %s",
  async (behaviour) => {
    const watched = await watchedShop();
    const executionId = await watched.app.start("planned-failover");
    await watched.until(executionId, ({ awaits }) => awaits.length > 0);
    await cancelExecution(watched.app.context, executionId, { behaviour, by: "tester", reason: undefined });
    await watched.until(executionId, ({ status }) => isEnded(status));
    watched.expectOnlyForward();
    await watched.app.close();
  },
);

test("P1 progress only goes forward for a single machine", async () => {
  const watched = await watchedShop();
  const target = { kind: "item", worldId: "shop", itemId: "web-1" } as const;
  const executionId = await watched.app.start("unplanned-failover", {}, target);
  await watched.until(executionId, ({ status }) => isEnded(status));
  watched.expectOnlyForward();
  await watched.app.close();
});
