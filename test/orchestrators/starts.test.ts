import { afterEach, expect, test } from "vitest";
import type { Context } from "../../src/commands/context.js";
import { cancelExecution, confirmAction } from "../../src/commands/decisions.js";
import { startExecution } from "../../src/commands/start-execution.js";
import { sweepExecutions } from "../../src/commands/sweep.js";
import { RecoveryError } from "../../src/domain/errors.js";
import { ExecutionOptions } from "../../src/domain/execution.js";
import { executionIdOf } from "../../src/domain/identity.js";
import type { Store } from "../../src/store/port.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

const request = {
  idempotencyKey: "one",
  target: { kind: "plan", planId: "shop" },
  verb: "test-failover",
  options: ExecutionOptions.parse({}),
  requestedBy: "tester",
} as const;

/** A host that dies after it has written the record: before it acquires the items, or before it starts the orchestration. */
async function dieBeforeStart({ holdingItems } = { holdingItems: true }): Promise<string> {
  const die = () => Promise.reject(new Error("the host died"));
  const { store, orchestrations } = app.context;
  const dying = holdingItems
    ? { ...app.context, orchestrations: { ...orchestrations, start: die } }
    : { ...app.context, store: { ...store, acquireItems: die } };
  await expect(startExecution(dying, request)).rejects.toThrow("the host died");
  const [recorded] = (await app.context.store.listExecutions({ limit: 1 })).entries;
  await app.pass(11_000);
  return recorded?.executionId ?? "";
}

test("a start that was recorded and lost is started by the sweep", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  const executionId = await dieBeforeStart();
  expect((await sweepExecutions(app.context)).repaired).toEqual([executionId]);
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
  expect((await sweepExecutions(app.context)).repaired).toEqual([]);
});

test("a start that was recorded and lost is started by a repeated request", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  const executionId = await dieBeforeStart();
  expect((await startExecution(app.context, request)).executionId).toBe(executionId);
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
});

test("the sweep ends an execution whose orchestration was terminated, and releases its items", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  await app.hub.terminate(executionId, "by hand");
  const { awaits } = await app.until(executionId, () => true);
  const [awaited] = awaits;
  const actionId = awaited?.kind === "confirm" ? awaited.actionId : "";
  const confirming = confirmAction(app.context, executionId, { actionId, ask: 1, done: true, by: "owner", note: "" });
  await expect(confirming).rejects.toMatchObject({ code: "nothing-awaited" });
  expect((await sweepExecutions(app.context)).repaired).toEqual([executionId]);
  const { execution } = await app.ended(executionId);
  expect(execution).toMatchObject({ status: "failed", failure: { message: expect.stringContaining("by hand") } });
  expect(new Set((await app.items()).map(({ heldBy }) => heldBy))).toEqual(new Set([null]));
});

test("the sweep releases the items of an execution that could not do so at its end", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  const { store } = app.context;
  const { updateItems } = store;
  const damaged = new RecoveryError("row-unreadable", "the item in row shop/web-1 is damaged");
  const refusing: typeof updateItems = (worldId, executionId, updates) =>
    updates.some(({ release }) => release) ? Promise.reject(damaged) : updateItems(worldId, executionId, updates);
  Object.assign(store, { updateItems: refusing });
  const executionId = await app.start("test-failover");
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
  await app.pass(50 * 3_600_000); // its orchestration waits for the row, and then gives up
  expect(await sweepExecutions(app.context)).toEqual({
    repaired: [],
    errors: [{ executionId, reason: "[row-unreadable] the item in row shop/web-1 is damaged", isNews: true }],
  });
  Object.assign(store, { updateItems });
  expect((await sweepExecutions(app.context)).repaired).toEqual([executionId]);
  const { entries } = await store.listItems("shop", { limit: 100 });
  expect(new Set(entries.map(({ state, heldBy }) => `${state}, held by ${heldBy}`))).toEqual(
    new Set(["test-failed-over, held by null"]),
  );
  expect((await sweepExecutions(app.context)).repaired).toEqual([]);
});

/** Repeats a start while its first request is still running. That request takes the items after the execution has failed. */
async function startedLate(dies: boolean): Promise<string> {
  const { store } = app.context;
  const late: Store["acquireItems"] = async (...asked) => {
    await app.context.estate.addFault("shop", { target: { siteId: "west-europe" }, mode: "hang" });
    const { executionId } = await startExecution(app.context, { ...request, verb: "planned-failover" });
    expect((await app.ended(executionId)).execution.status).toBe("failed");
    const taken = await store.acquireItems(...asked);
    return dies ? Promise.reject(new Error("the host died")) : taken;
  };
  const asked = { ...request, verb: "planned-failover" } as const;
  const starting = startExecution({ ...app.context, store: { ...store, acquireItems: late } }, asked);
  if (dies) await expect(starting).rejects.toThrow("the host died");
  else expect((await starting).status).toBe("failed");
  const [recorded] = (await store.listExecutions({ limit: 1 })).entries;
  return recorded?.executionId ?? "";
}

const holders = async (): Promise<Set<string>> =>
  new Set((await app.items()).map(({ state, heldBy }) => `${state}, held by ${heldBy?.executionId ?? "nobody"}`));

test("items that a late request takes for a failed execution are released at once", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  await startedLate(false);
  expect(await holders()).toEqual(new Set(["protected, held by nobody"]));
});

test("items that a late request took for a failed execution before it died are released by the sweep", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  const executionId = await startedLate(true);
  expect(await holders()).toEqual(new Set([`failing-over, held by ${executionId}`]));
  await app.pass(3_600_000);
  expect((await sweepExecutions(app.context)).repaired).toEqual([executionId]);
  expect(await holders()).toEqual(new Set(["protected, held by nobody"]));
  expect((await sweepExecutions(app.context)).repaired).toEqual([]);
});

test("a cancel that was recorded and not delivered is delivered by the sweep", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  const executionId = await app.start("planned-failover");
  await app.awaiting(executionId, "confirm");
  const dying = {
    ...app.context,
    orchestrations: { ...app.context.orchestrations, raise: () => Promise.reject(new Error("the host died")) },
  };
  const asked = { behaviour: "restore-protection", by: "owner", reason: undefined } as const;
  await expect(cancelExecution(dying, executionId, asked)).rejects.toThrow("the host died");
  await app.pass(60_000);
  expect((await sweepExecutions(app.context)).repaired).toEqual([executionId]);
  expect((await app.ended(executionId)).execution.status).toBe("cancelled");
  expect(await app.states()).toEqual(["protected"]);
});

test("a cancel that arrives when nothing is left to do is not ignored", async () => {
  app = await VirtualApp.open();
  await app.loadShop((plan) => ({ ...plan, validation: { required: false } }));
  const executionId = await app.start("planned-failover");
  await app.confirm(executionId);
  await app.until(executionId, ({ steps }) =>
    steps.some(
      ({ id, children = [] }) =>
        id === "groups/management" &&
        children[0]?.children?.at(-1)?.id.endsWith("verify-replica") &&
        children[0].children.some(({ title, status }) => title === "Start the replica" && status === "running"),
    ),
  );
  await cancelExecution(app.context, executionId, {
    behaviour: "restore-protection",
    by: "owner",
    reason: undefined,
  });
  expect((await app.ended(executionId)).execution.status).toBe("cancelled");
  expect(await app.states()).toEqual(["protected"]);
});

/** A context in which something happens between reading the items and acquiring them. */
function overtaken(meanwhile: () => Promise<unknown>): Context {
  const { store } = app.context;
  let first = true;
  const acquireItems: Store["acquireItems"] = async (...claim) => {
    if (first) {
      first = false;
      await meanwhile();
    }
    return store.acquireItems(...claim);
  };
  return { ...app.context, store: { ...store, acquireItems } };
}

const other = { ...request, idempotencyKey: "other" } as const;
const recordOf = async ({ idempotencyKey }: { idempotencyKey: string }) =>
  (await app.context.store.getExecution(executionIdOf(request.requestedBy, idempotencyKey, app.context.hash)))?.value;

test("one of two concurrent starts is refused, records it, and gets the same refusal when repeated", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  const starts = await Promise.allSettled([request, other].map((asked) => startExecution(app.context, asked)));
  expect(starts.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const [won, lost] = starts[0]?.status === "fulfilled" ? [request, other] : [other, request];
  expect(await recordOf(lost)).toMatchObject({ status: "failed", failure: { code: "item-held" } });
  expect((await app.ended((await recordOf(won))?.executionId ?? "")).execution.status).toBe("succeeded");
  await expect(startExecution(app.context, lost)).rejects.toMatchObject({ code: "item-held" });
  expect(await app.states()).toEqual(["test-failed-over"]);
});

test("a start that is refused at once leaves nothing, and its key can be reused", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  const first = await startExecution(app.context, request);
  await expect(startExecution(app.context, other)).rejects.toMatchObject({ code: "item-held" });
  expect(await recordOf(other)).toBeUndefined();
  await app.ended(first.executionId);
  const { executionId } = await startExecution(app.context, { ...other, verb: "test-clean-up" });
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
});

test("I16: a repeated request that overtakes its start is refused together with it when others take the items", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  const start = startExecution(
    overtaken(async () => {
      await startExecution(app.context, other);
      await expect(startExecution(app.context, request)).rejects.toMatchObject({ code: "item-held" });
    }),
    request,
  );
  await expect(start).rejects.toMatchObject({ code: "item-held" });
  expect(await recordOf(request)).toMatchObject({ status: "failed", failure: { code: "item-held" } });
});

test("I16: the answer to a repeated request stands, although its start found the items held", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  const { context } = app;
  const acquireItems: Store["acquireItems"] = async () => {
    await startExecution(app.context, request);
    throw new RecoveryError("item-held", "another one held them a moment ago");
  };
  const refused = { ...context, store: { ...context.store, acquireItems } };
  const { executionId } = await startExecution(refused, request);
  const holders = (await app.items()).map(({ heldBy }) => heldBy?.executionId);
  expect(new Set(holders)).toEqual(new Set([executionId]));
  expect((await app.ended(executionId)).execution.status).toBe("succeeded");
});

test("a refusal that was recorded and not carried out is completed by the sweep", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  const dying = overtaken(() => startExecution(app.context, other));
  const updateItems = () => Promise.reject(new Error("the host died"));
  const lost = startExecution({ ...dying, store: { ...dying.store, updateItems } }, request);
  await expect(lost).rejects.toThrow("the host died");
  expect(await recordOf(request)).toMatchObject({ status: "running", admission: { admitted: false } });
  await app.pass(11_000);
  expect((await sweepExecutions(app.context)).repaired).toContain((await recordOf(request))?.executionId);
  expect(await recordOf(request)).toMatchObject({ status: "failed", failure: { code: "item-held" } });
});

test("a lost start whose items another execution took meanwhile ends with the reason", async () => {
  app = await VirtualApp.open();
  await app.loadShop();
  const lost = await dieBeforeStart({ holdingItems: false });
  await app.start("planned-failover");
  expect((await sweepExecutions(app.context)).repaired).toEqual([lost]);
  const ended = (await app.context.store.getExecution(lost))?.value;
  expect(ended).toMatchObject({ status: "failed", failure: { code: "item-held" } });
});
