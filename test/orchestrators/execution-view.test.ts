import { expect, test, vi } from "vitest";
import { type ExecutionView, viewExecution } from "../../src/commands/execution-view.js";
import { previewPoints } from "../../src/commands/previews.js";
import { RecoveryError } from "../../src/domain/errors.js";
import { toMs } from "../../src/domain/text.js";
import { VirtualApp } from "../support/virtual-app.js";

async function shop(): Promise<VirtualApp> {
  const app = await VirtualApp.open();
  await app.loadShop();
  return app;
}

const callsOf = ({ nextSteps }: ExecutionView): string[] =>
  nextSteps.map(({ verb, method, path }) => `${verb}: ${method} ${path}`);

test("a wait says for what, since when, until when by the plan's limit, and the call that ends it", async () => {
  const app = await shop();
  const executionId = await app.start("planned-failover");
  const view = await app.awaiting(executionId, "confirm");
  const [awaited] = view.awaits;
  expect(awaited).toMatchObject({
    kind: "confirm",
    onExpiry: "the action counts as failed",
    call: { method: "POST", path: `/api/executions/${executionId}/confirm`, body: { actionId: "check-orders" } },
  });
  expect(toMs(awaited?.until ?? "") - toMs(awaited?.since ?? "")).toBe(240 * 60_000);
  expect(view.summary).toContain("waits for a person to do a manual action and confirm it");
  expect(view.summary).toContain(`Call POST /api/executions/${executionId}/confirm.`);
  expect(view.planName).toBe("Web shop to West Europe");
  expect(callsOf(view)).toEqual([
    `confirm: POST /api/executions/${executionId}/confirm`,
    `cancel: POST /api/executions/${executionId}/cancel`,
  ]);
  await app.close();
});

test("while all goes well the view reads nothing of the estate, however often it is asked", async () => {
  const app = await shop();
  const describe = vi.spyOn(app.context.hypervisor, "describeItems");
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  describe.mockClear();
  for (let at = 0; at < 3; at += 1) await viewExecution(app.context, executionId);
  expect(describe).not.toHaveBeenCalled();
  await app.close();
});

test("a machine that is down on both sides is named so, first in the summary, and only it is looked at", async () => {
  const app = await shop();
  const target = { itemId: "orders-db-1" };
  await app.context.estate.addFault("shop", { target, operation: "start-replica", mode: "refuse" });
  const view = await app.attempt("planned-failover");
  expect(view.status).toBe("failed");
  const truly: string[] = [];
  for (const { itemId } of await app.items()) {
    const { source, replica } = await app.context.estate.groundTruth("shop", itemId);
    if (source.power === "off" && replica.power === "off") truly.push(itemId);
  }
  expect(truly).toContain("orders-db-1");
  expect([...view.downOnBothSides].sort()).toEqual(truly.sort());
  expect(view.summary).toMatch(/^Down on both sides: .*orders-db-1/);
  expect(callsOf(view)).toContain("cancel-failover: POST /api/recovery-plans/shop/executions");
  await app.close();
});

test("every next call on a plan is taken, and leads on from where the execution ended", async () => {
  const app = await shop();
  const ended = await app.attempt("planned-failover");
  expect(ended.status).toBe("succeeded");
  expect(ended.nextSteps.map(({ verb }) => verb)).toEqual(["commit", "change-recovery-point", "cancel-failover"]);
  expect(ended.nextSteps[0]?.itemIds).toHaveLength(11);
  const sites = "outcomes" in ended.execution ? ended.execution.outcomes.map(({ activeSiteId }) => activeSiteId) : [];
  expect(sites).toEqual((await app.items()).map(({ activeSiteId }) => activeSiteId));
  const committed = await app.attempt("commit");
  expect(committed.nextSteps.map(({ verb }) => verb)).toEqual(["reprotect"]);
  expect((await viewExecution(app.context, ended.execution.executionId)).nextSteps.map(({ verb }) => verb)).toEqual([
    "reprotect",
  ]);
  await app.close();
});

test("the view is there also when the estate does not answer or a machine is gone, and says what it does not know", async () => {
  const app = await shop();
  const { execution } = await app.attempt("planned-failover");
  const silent = new RecoveryError("site-unreachable", "rotterdam does not answer");
  vi.spyOn(app.context.hypervisor, "describeItems").mockRejectedValueOnce(silent);
  const unknown = (await viewExecution(app.context, execution.executionId)).unknown;
  expect(unknown).toHaveLength(11);
  expect(unknown[0]?.why).toContain("does not answer");

  const { getItems } = app.context.store;
  vi.spyOn(app.context.store, "getItems").mockImplementation(async (worldId, itemIds) => {
    if (itemIds.includes("web-1")) throw new RecoveryError("item-not-found", "world shop has no item web-1");
    return getItems(worldId, itemIds);
  });
  const view = await viewExecution(app.context, execution.executionId);
  expect(view.unknown.map(({ itemId }) => itemId)).toEqual(["web-1"]);
  expect(view.downOnBothSides).toEqual([]);
  expect(view.status).toBe("succeeded");
  vi.restoreAllMocks();
  await app.close();
});

test("a preview says that the worst loss is unknown as soon as one machine has no point", async () => {
  const app = await shop();
  const { recoveryPoints } = app.context.hypervisor;
  const known = await previewPoints(app.context, { planId: "shop" }, { kind: "latest-processed" });
  expect(known.worstLossSeconds).toBe(Math.max(...known.items.map(({ lossSeconds }) => lossSeconds ?? Number.NaN)));
  vi.spyOn(app.context.hypervisor, "recoveryPoints").mockImplementation(async (worldId, itemId) => {
    const found = await recoveryPoints(worldId, itemId);
    return itemId === "web-1" ? { ...found, points: [] } : found;
  });
  const preview = await previewPoints(app.context, { planId: "shop" }, { kind: "latest-processed" });
  expect(preview.items.filter(({ point }) => point === null).map(({ itemId }) => itemId)).toEqual(["web-1"]);
  expect(preview.worstLossSeconds).toBeNull();
  vi.restoreAllMocks();
  await app.close();
});
