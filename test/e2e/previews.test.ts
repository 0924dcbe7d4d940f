import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ApiError } from "../../src/api/client.js";
import { ROUTES } from "../../src/api/routes.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import { RunningApp } from "../support/running-app.js";
import { smallEstate, worldOf } from "../support/small-estates.js";

const app = RunningApp.shared("realistic");

/** A valid world of one item with everything that its failback needs. */
async function imported(): Promise<string> {
  const world = worldOf(`w-${randomUUID()}`, [smallEstate("item-1", "vmware-to-azure")]);
  await app.client.call(ROUTES.importWorld, { params: { worldId: world.id }, body: world });
  return world.id;
}

async function lookAt(worldId: string, verb: Verb) {
  const params = { worldId, itemId: "item-1" };
  return (await app.client.call(ROUTES.itemPrerequisites, { params, query: { verb } })).body;
}

describe.concurrent("GET prerequisites", () => {
  test("A3 H4: for an item that was never tested the finding names the verb that fixes it", async () => {
    const { findings, ready } = await lookAt(await imported(), "planned-failover");
    expect(findings).toMatchObject([{ code: "untested", severity: "warning", fixedBy: "test-failover" }]);
    expect(ready).toBe(true);
  });

  test("of a plan counts every item, and an unknown verb is refused", async () => {
    const { planId } = await app.loadShop();
    const { body } = await app.client.call(ROUTES.planPrerequisites, {
      params: { planId },
      query: { verb: "unplanned-failover" },
    });
    expect(body.ready).toBe(true);
    expect(body.checked.find(({ code }) => code === "machine-size")).toMatchObject({ items: 11, unmet: 0 });
    const answer = await fetch(`${app.url}/api/recovery-plans/${planId}/prerequisites?verb=dance`);
    expect(answer.status).toBe(400);
  });
});

describe.concurrent("previews before a start", () => {
  const ask = async (planId: string, query: string) =>
    (await fetch(`${app.url}/api/recovery-plans/${planId}/recovery-points?${query}`)).json() as Promise<{
      code?: string;
      items?: { itemId: string; point: { id: string; emulatedTime: string } | null; lossSeconds: number | null }[];
    }>;

  test("A4 F4: every item's point and loss, at any time asked for, with one common point in a group", async () => {
    const { planId } = await app.loadShop();
    const latest = await ask(planId, "");
    expect(latest.items).toHaveLength(11);
    expect(latest.items?.filter(({ lossSeconds }) => lossSeconds === null)).toEqual([]);

    const notAfter = new Date(Date.now() - 2 * 3_600_000).toISOString();
    const solved = await ask(planId, `kind=point-in-time&emulatedNotAfter=${notAfter}`);
    expect(solved.items).toHaveLength(11);
    expect(solved.items?.filter(({ point }) => point === null || point.emulatedTime > notAfter)).toEqual([]);
    const common = solved.items?.filter(({ itemId }) => itemId.startsWith("orders-db")).map(({ point }) => point?.id);
    expect(new Set(common).size).toBe(1);
  });

  test("a custom point for a plan, and a field that the kind does not take, are refused", async () => {
    const { planId } = await app.loadShop();
    expect((await ask(planId, "kind=custom&pointId=p")).code).toBe("custom-point-for-one-item");
    expect((await ask(planId, "kind=latest&pointId=p")).code).toBe("invalid-input");
  });

  test("the target network of every item, in a failover and in a test", async () => {
    const { planId } = await app.loadShop();
    const { body } = await app.client.call(ROUTES.planNetworks, { params: { planId }, query: {} });
    expect(body.items).toHaveLength(11);
    expect(body.items.filter(({ networkId, how }) => networkId !== "vnet-shop" || how === null)).toEqual([]);
    const drill = await app.client.call(ROUTES.planNetworks, { params: { planId }, query: { isolated: "true" } });
    expect(drill.body.items).toHaveLength(11);
    expect(drill.body.items.filter(({ networkId }) => networkId === "vnet-shop")).toEqual([]);
  });
});

describe.concurrent("P3: target settings", () => {
  const onItem = async () => ({ worldId: await imported(), itemId: "item-1" });
  const change = (params: { worldId: string; itemId: string }, body: object, etag: string) =>
    app.client.call(ROUTES.changeTarget, { params, body, headers: { "if-match": etag } });

  test("are shown, changed with their ETag, and checked again", async () => {
    const params = await onItem();
    const { body: seen } = await app.client.call(ROUTES.getTarget, { params });
    const { body: changed } = await change(params, { size: "M128", name: "weu-web" }, seen.etag);
    expect(changed.target).toMatchObject({ size: "M128", name: "weu-web", networkId: "net-away" });
    expect(changed.findings.map(({ code }) => code)).toContain("machine-size");
    await expect(change(params, { size: null }, seen.etag)).rejects.toMatchObject({
      problem: { status: 412, code: "etag-mismatch" },
    });
    const { body: mended } = await change(params, { size: null }, changed.etag);
    expect(mended.findings.map(({ code }) => code)).not.toContain("machine-size");
  });

  test("cannot change after the failover of the item", async () => {
    const params = await onItem();
    const { body: seen } = await app.client.call(ROUTES.getTarget, { params });
    const started = await app.client.call(ROUTES.startOnItem, {
      params,
      headers: { "idempotency-key": randomUUID() },
      body: { verb: "unplanned-failover" },
    });
    const ended = await app.ended(started.body.executionId);
    expect(ended.status).toBe("succeeded");
    const refused = await change(params, { size: null }, seen.etag).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(ApiError);
    expect(refused).toMatchObject({ problem: { status: 409, code: "target-locked" } });
  });
});

test("a plan beyond the usual limits gets a warning when it is saved and when it is started", async () => {
  const { worldId } = await app.loadShop();
  const plan = await app.samplePlan(worldId);
  const items = plan.groups.flatMap((group) => group.items).filter(({ id }) => !id.startsWith("orders"));
  const groups = items.map((item) => ({ id: `g-${item.id}`, name: item.id, items: [item] }));
  const orders = plan.groups.flatMap((group) => group.items).filter(({ id }) => id.startsWith("orders"));
  const body = { ...plan, groups: [{ id: "orders", name: "Orders", items: orders }, ...groups] };
  const saved = await app.client.call(ROUTES.savePlan, { params: { planId: plan.id }, body });
  const warning = "9 groups; Azure Site Recovery takes at most 7 in a plan";
  expect(saved.body.warnings).toEqual([warning]);
  const started = await app.client.call(ROUTES.startOnPlan, {
    params: { planId: plan.id },
    headers: { "idempotency-key": randomUUID() },
    body: { verb: "test-failover" },
  });
  expect(started.body.warnings).toEqual([warning]);
});
