import { expect } from "vitest";
import { RecoveryError } from "../../src/domain/errors.js";
import { allowedActions } from "../../src/domain/items/allowed-actions.js";
import { testInBothReplays } from "../support/both-replays.js";
import type { VirtualApp } from "../support/virtual-app.js";

const force = { reason: "the storage of the copy is being replaced" };

/** A drill of the shop whose copy of web-1 cannot be removed. */
async function drillThatStays(app: VirtualApp): Promise<void> {
  await app.run("test-failover");
  await app.context.estate.addFault("shop", {
    target: { itemId: "web-1" },
    operation: "remove-test-copy",
    mode: "fail-before",
  });
}

const conditionsOf = async (app: VirtualApp, itemId: string) =>
  (await app.item(itemId)).conditions.map(({ type, whatToDo }) => ({ type, whatToDo }));

testInBothReplays(
  "a drill that leaves a machine out because of an earlier copy is no success, and says so",
  async (app) => {
    await drillThatStays(app);
    const cleanUp = await app.attempt("test-clean-up");
    expect(cleanUp.execution.status).toBe("succeeded-with-failures");
    const { execution } = await app.attempt("test-failover");
    expect(execution.status).toBe("succeeded-with-failures");
    const outcomes = "outcomes" in execution ? execution.outcomes : [];
    expect(outcomes.find(({ itemId }) => itemId === "web-1")).toMatchObject({
      outcome: "skipped",
      failure: { code: "leftovers", message: expect.stringContaining("run test-clean-up first") },
    });
    expect(outcomes.filter(({ outcome }) => outcome === "succeeded")).toHaveLength(10);
  },
);

testInBothReplays("a machine whose row is damaged does not hold the clean-up of the others up", async (app) => {
  await app.run("test-failover");
  const { hypervisor } = app.context;
  const { leftovers } = hypervisor;
  const damaged = new RecoveryError("row-unreadable", "the emulated item in row shop/web-1 is damaged");
  Object.assign(hypervisor, {
    leftovers: (worldId: string, itemIds: readonly string[], executionId: string | null) =>
      itemIds.includes("web-1") ? Promise.reject(damaged) : leftovers(worldId, itemIds, executionId),
  });
  const { execution } = await app.attempt("test-clean-up");
  Object.assign(hypervisor, { leftovers });
  expect(execution.status).toBe("succeeded-with-failures");
  const outcomes = "outcomes" in execution ? execution.outcomes : [];
  expect(outcomes.filter(({ outcome }) => outcome !== "succeeded")).toMatchObject([
    { itemId: "web-1", outcome: "failed", failure: { code: "row-unreadable" } },
  ]);
  expect(outcomes.filter(({ state }) => state === "protected")).toHaveLength(10);
});

testInBothReplays("a forced clean-up protects the item again, and keeps what is left as evidence", async (app) => {
  await drillThatStays(app);
  const { execution, steps } = await app.attempt("test-clean-up", { force });
  expect(execution.status).toBe("succeeded-with-failures");
  expect(steps.find(({ id }) => id === "verify-no-leftovers")?.error?.code).toBe("leftovers");
  const outcome = "outcomes" in execution ? execution.outcomes.find(({ itemId }) => itemId === "web-1") : undefined;
  expect(outcome).toMatchObject({ outcome: "succeeded", state: "protected" });
  expect(outcome?.leftovers?.[0]).toMatch(/^test copy .*-test$/);
  expect(outcome?.note).toContain(`tester forced the clean-up (${force.reason})`);
  expect(await app.states()).toEqual(["protected"]);
  const [condition] = await conditionsOf(app, "web-1");
  expect(condition?.type).toBe("leftovers");
  for (const part of [outcome?.leftovers?.[0] ?? "", "tester", force.reason, "run test-clean-up again"]) {
    expect(condition?.whatToDo).toContain(part);
  }
  expect(await conditionsOf(app, "web-2")).toEqual([]);
});

testInBothReplays(
  "a drill never holds a real failover up: its copies go first, and one that stays is named",
  async (app) => {
    await drillThatStays(app);
    await expect(app.start("planned-failover")).rejects.toMatchObject({ code: "verb-not-allowed" });
    const { execution } = await app.attempt("unplanned-failover");
    expect(execution.status).toBe("succeeded");
    expect(await app.states()).toEqual(["failed-over"]);
    const outcomes = "outcomes" in execution ? execution.outcomes : [];
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(outcomes.map(() => "succeeded"));
    const web = outcomes.find(({ itemId }) => itemId === "web-1");
    expect(web?.leftovers).toHaveLength(1);
    const [condition] = await conditionsOf(app, "web-1");
    expect(condition).toMatchObject({
      type: "leftovers",
      whatToDo: expect.stringContaining("run test-clean-up again"),
    });

    await app.context.estate.clearFaults("shop");
    expect((await app.attemptOn("web-1", "test-clean-up")).execution.status).toBe("succeeded");
    expect(await conditionsOf(app, "web-1")).toEqual([]);
  },
);

testInBothReplays("after a forced clean-up a real failover goes, and leaves what was given up alone", async (app) => {
  await drillThatStays(app);
  await app.attempt("test-clean-up", { force });
  const { execution } = await app.attempt("unplanned-failover");
  expect(execution.status).toBe("succeeded");
  expect(await app.states()).toEqual(["failed-over"]);
  expect((await conditionsOf(app, "web-1")).map(({ type }) => type)).toContain("leftovers");
});

testInBothReplays("a later clean-up removes what was given up, in whatever state the item rests", async (app) => {
  await drillThatStays(app);
  await app.attempt("test-clean-up", { force });
  await app.run("unplanned-failover");
  const cleanUp = allowedActions(await app.item("web-1"), []).find(({ verb }) => verb === "test-clean-up");
  expect(cleanUp?.allowed).toBe(true);
  const stuck = await app.attemptOn("web-1", "test-clean-up");
  expect(stuck.execution).toMatchObject({ status: "failed", failure: { code: "leftovers" } });
  expect((await conditionsOf(app, "web-1")).map(({ type }) => type)).toEqual(["leftovers"]);
  await app.context.estate.clearFaults("shop");
  const { execution } = await app.attemptOn("web-1", "test-clean-up");
  expect(execution.status).toBe("succeeded");
  expect(await app.states()).toEqual(["failed-over"]);
  expect(await conditionsOf(app, "web-1")).toEqual([]);
  expect(await app.context.hypervisor.leftovers("shop", ["web-1"], null)).toMatchObject({ testCopies: [] });
});

testInBothReplays("a network that stays is given up for the items whose test made it", async (app) => {
  await app.run("test-failover");
  await app.context.estate.addFault("shop", {
    target: { siteId: "west-europe" },
    operation: "remove-test-network",
    mode: "refuse",
  });
  const { execution } = await app.attempt("test-clean-up", { force });
  expect(execution.status).toBe("succeeded-with-failures");
  const conditions = await Promise.all((await app.items()).map(({ itemId }) => conditionsOf(app, itemId)));
  expect(conditions).toHaveLength(11);
  for (const [condition] of conditions) expect(condition?.whatToDo).toMatch(/network test-\S+ at west-europe/);
  await app.context.estate.clearFaults("shop");
  expect((await app.run("test-clean-up")).status).toBe("succeeded");
  const after = await Promise.all((await app.items()).map(({ itemId }) => conditionsOf(app, itemId)));
  expect(after.flat()).toEqual([]);
});

testInBothReplays("a forced clean-up that could remove everything is a plain success", async (app) => {
  await app.run("test-failover");
  const { execution } = await app.attempt("test-clean-up", { force });
  expect(execution.status).toBe("succeeded");
  expect((await app.items()).flatMap(({ conditions }) => conditions)).toEqual([]);
});

testInBothReplays("a forced clean-up does not wait for hours for a site that hangs", async (app) => {
  await app.run("test-failover");
  await app.context.estate.addFault("shop", { target: { siteId: "west-europe" }, mode: "hang" });
  const { execution } = await app.attempt("test-clean-up", { force });
  if (!("endedAt" in execution)) throw new Error("it has not ended");
  expect(execution.status).toBe("succeeded-with-failures");
  const tookMs = Date.parse(execution.endedAt) - Date.parse(execution.requestedAt);
  expect(tookMs).toBeLessThan(app.context.settings.stepLimitMs);
  expect(await app.states()).toEqual(["protected"]);
  expect(execution.outcomes.map(({ leftovers = [] }) => leftovers.length)).toEqual(execution.itemIds.map(() => 2));
});
