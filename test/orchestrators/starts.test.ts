import { afterEach, expect, test } from "vitest";
import type { Context } from "../../src/commands/context.js";
import { cancelExecution, confirmAction } from "../../src/commands/decisions.js";
import { startExecution } from "../../src/commands/start-execution.js";
import { sweepExecutions } from "../../src/commands/sweep.js";
import { RecoveryError } from "../../src/domain/errors.js";
import { ExecutionOptions } from "../../src/domain/execution.js";
import { executionIdOf } from "../../src/domain/identity.js";
import type { Store } from "../../src/store/port.js";
import { Stage } from "../support/virtual-app.js";

let stage: Stage;
afterEach(() => stage.close());

const request = {
  idempotencyKey: "one",
  target: { kind: "plan", planId: "shop" },
  verb: "test-failover",
  options: ExecutionOptions.parse({}),
  requestedBy: "tester",
} as const;

/** A host that dies after the record was made: before its items are taken, or before the orchestration is started. */
async function dieBeforeStart({ holdingItems } = { holdingItems: true }): Promise<string> {
  const die = () => Promise.reject(new Error("the host died"));
  const { store, orchestrations } = stage.context;
  const dying = holdingItems
    ? { ...stage.context, orchestrations: { ...orchestrations, start: die } }
    : { ...stage.context, store: { ...store, acquireItems: die } };
  await expect(startExecution(dying, request)).rejects.toThrow("the host died");
  const [recorded] = (await stage.context.store.listExecutions({ limit: 1 })).entries;
  await stage.pass(11_000);
  return recorded?.executionId ?? "";
}

test("a start that was recorded and lost is started by the sweep", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const executionId = await dieBeforeStart();
  expect((await sweepExecutions(stage.context)).mended).toEqual([executionId]);
  expect((await stage.ended(executionId)).execution.status).toBe("succeeded");
  expect((await sweepExecutions(stage.context)).mended).toEqual([]);
});

test("a start that was recorded and lost is started by its repetition", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const executionId = await dieBeforeStart();
  expect((await startExecution(stage.context, request)).executionId).toBe(executionId);
  expect((await stage.ended(executionId)).execution.status).toBe("succeeded");
});

test("an execution whose orchestration was terminated is ended, and its items are given up", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const executionId = await stage.start("planned-failover");
  await stage.awaiting(executionId, "confirm");
  await stage.hub.terminate(executionId, "by hand");
  const { awaits } = await stage.until(executionId, () => true);
  const [awaited] = awaits;
  const actionId = awaited?.kind === "confirm" ? awaited.actionId : "";
  const confirming = confirmAction(stage.context, executionId, { actionId, done: true, by: "owner", note: "" });
  await expect(confirming).rejects.toMatchObject({ code: "nothing-awaited" });
  expect((await sweepExecutions(stage.context)).mended).toEqual([executionId]);
  const { execution } = await stage.ended(executionId);
  expect(execution).toMatchObject({ status: "failed", failure: { message: expect.stringContaining("by hand") } });
  expect((await stage.items()).every(({ heldBy }) => heldBy === null)).toBe(true);
});

test("an execution that ended well and could not give its items up is made to by the sweep", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const { store } = stage.context;
  const { updateItems } = store;
  const damaged = new RecoveryError("row-unreadable", "the item in row shop/web-1 is damaged");
  const refusing: typeof updateItems = (worldId, executionId, updates) =>
    updates.some(({ release }) => release) ? Promise.reject(damaged) : updateItems(worldId, executionId, updates);
  Object.assign(store, { updateItems: refusing });
  const executionId = await stage.start("test-failover");
  expect((await stage.ended(executionId)).execution.status).toBe("succeeded");
  await stage.pass(50 * 3_600_000); // its orchestration waits for the row itself, and then gives it up
  expect(await sweepExecutions(stage.context)).toEqual({
    mended: [],
    troubles: [`${executionId}: [row-unreadable] the item in row shop/web-1 is damaged`],
  });
  Object.assign(store, { updateItems });
  expect((await sweepExecutions(stage.context)).mended).toEqual([executionId]);
  const { entries } = await store.listItems("shop", { limit: 100 });
  expect(new Set(entries.map(({ state, heldBy }) => `${state}, held by ${heldBy}`))).toEqual(
    new Set(["test-failed-over, held by null"]),
  );
  expect((await sweepExecutions(stage.context)).mended).toEqual([]);
});

/** Starts once more while the first request for it goes on to its end: that one takes the items when it has failed. */
async function startedLate(dies: boolean): Promise<string> {
  const { store } = stage.context;
  const late: Store["acquireItems"] = async (...asked) => {
    const { executionId } = await startExecution(stage.context, { ...request, verb: "planned-failover" });
    expect((await stage.ended(executionId)).execution.status).toBe("failed");
    const taken = await store.acquireItems(...asked);
    return dies ? Promise.reject(new Error("the host died")) : taken;
  };
  await stage.context.estate.addFault("shop", { target: { siteId: "west-europe" }, mode: "hang" });
  const asked = { ...request, verb: "planned-failover" } as const;
  const starting = startExecution({ ...stage.context, store: { ...store, acquireItems: late } }, asked);
  if (dies) await expect(starting).rejects.toThrow("the host died");
  else expect((await starting).status).toBe("failed");
  const [recorded] = (await store.listExecutions({ limit: 1 })).entries;
  return recorded?.executionId ?? "";
}

const holders = async (): Promise<Set<string>> =>
  new Set((await stage.items()).map(({ state, heldBy }) => `${state}, held by ${heldBy?.executionId ?? "nobody"}`));

test("what a late request takes for an execution that has failed already is given back at once", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  await startedLate(false);
  expect(await holders()).toEqual(new Set(["protected, held by nobody"]));
});

test("what a late request took for an execution that had failed, and died, is given back by the sweep", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const executionId = await startedLate(true);
  expect(await holders()).toEqual(new Set([`failing-over, held by ${executionId}`]));
  await stage.pass(3_600_000);
  expect((await sweepExecutions(stage.context)).mended).toEqual([executionId]);
  expect(await holders()).toEqual(new Set(["protected, held by nobody"]));
  expect((await sweepExecutions(stage.context)).mended).toEqual([]);
});

test("a cancel that was noted and never told is repeated by the sweep", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const executionId = await stage.start("planned-failover");
  await stage.awaiting(executionId, "confirm");
  const dying = {
    ...stage.context,
    orchestrations: { ...stage.context.orchestrations, raise: () => Promise.reject(new Error("the host died")) },
  };
  const asked = { behaviour: "restore-protection", by: "owner", reason: undefined } as const;
  await expect(cancelExecution(dying, executionId, asked)).rejects.toThrow("the host died");
  await stage.pass(60_000);
  expect((await sweepExecutions(stage.context)).mended).toEqual([executionId]);
  expect((await stage.ended(executionId)).execution.status).toBe("cancelled");
  expect(await stage.states()).toEqual(["protected"]);
});

test("a cancel that comes while nothing is left to do is not passed over", async () => {
  stage = await Stage.open();
  await stage.loadShop((plan) => ({ ...plan, validation: { required: false } }));
  const executionId = await stage.start("planned-failover");
  await stage.confirm(executionId);
  await stage.until(executionId, ({ steps }) =>
    steps.some(
      ({ id, children = [] }) =>
        id === "groups/management" && children[0]?.children?.at(-1)?.id.endsWith("start-replica"),
    ),
  );
  await cancelExecution(stage.context, executionId, {
    behaviour: "restore-protection",
    by: "owner",
    reason: undefined,
  });
  expect((await stage.ended(executionId)).execution.status).toBe("cancelled");
  expect(await stage.states()).toEqual(["protected"]);
});

/** The context of a request to which something happens between its look at the items and its taking of them. */
function overtaken(meanwhile: () => Promise<unknown>): Context {
  const { store } = stage.context;
  let first = true;
  const acquireItems: Store["acquireItems"] = async (...claim) => {
    if (first) {
      first = false;
      await meanwhile();
    }
    return store.acquireItems(...claim);
  };
  return { ...stage.context, store: { ...store, acquireItems } };
}

const other = { ...request, idempotencyKey: "other" } as const;
const recordOf = async ({ idempotencyKey }: { idempotencyKey: string }) =>
  (await stage.context.store.getExecution(executionIdOf(idempotencyKey, stage.context.hash)))?.value;

test("of two starts at once one is refused, says so in its record, and is refused alike when it is repeated", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const starts = await Promise.allSettled([request, other].map((asked) => startExecution(stage.context, asked)));
  expect(starts.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const [won, lost] = starts[0]?.status === "fulfilled" ? [request, other] : [other, request];
  expect(await recordOf(lost)).toMatchObject({ status: "failed", failure: { code: "item-held" } });
  expect((await stage.ended((await recordOf(won))?.executionId ?? "")).execution.status).toBe("succeeded");
  await expect(startExecution(stage.context, lost)).rejects.toMatchObject({ code: "item-held" });
  expect(await stage.states()).toEqual(["test-failed-over"]);
});

test("a start that is refused at once leaves nothing, and its key may be used again", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const first = await startExecution(stage.context, request);
  await expect(startExecution(stage.context, other)).rejects.toMatchObject({ code: "item-held" });
  expect(await recordOf(other)).toBeUndefined();
  await stage.ended(first.executionId);
  const { executionId } = await startExecution(stage.context, { ...other, verb: "test-clean-up" });
  expect((await stage.ended(executionId)).execution.status).toBe("succeeded");
});

test("I16: a repetition that comes before its start has its items is refused with it when others take them", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const start = startExecution(
    overtaken(async () => {
      await startExecution(stage.context, other);
      await expect(startExecution(stage.context, request)).rejects.toMatchObject({ code: "item-held" });
    }),
    request,
  );
  await expect(start).rejects.toMatchObject({ code: "item-held" });
  expect(await recordOf(request)).toMatchObject({ status: "failed", failure: { code: "item-held" } });
});

test("I16: what a repetition was told stands, though its start found the items held", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const { context } = stage;
  const acquireItems: Store["acquireItems"] = async () => {
    await startExecution(stage.context, request);
    throw new RecoveryError("item-held", "another one held them a moment ago");
  };
  const refused = { ...context, store: { ...context.store, acquireItems } };
  const { executionId } = await startExecution(refused, request);
  expect((await stage.items()).every(({ heldBy }) => heldBy?.executionId === executionId)).toBe(true);
  expect((await stage.ended(executionId)).execution.status).toBe("succeeded");
});

test("a refusal that was written and not carried out is carried out by the sweep", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const dying = overtaken(() => startExecution(stage.context, other));
  const updateItems = () => Promise.reject(new Error("the host died"));
  const lost = startExecution({ ...dying, store: { ...dying.store, updateItems } }, request);
  await expect(lost).rejects.toThrow("the host died");
  expect(await recordOf(request)).toMatchObject({ status: "running", admission: { admitted: false } });
  await stage.pass(11_000);
  expect((await sweepExecutions(stage.context)).mended).toContain((await recordOf(request))?.executionId);
  expect(await recordOf(request)).toMatchObject({ status: "failed", failure: { code: "item-held" } });
});

test("a start that was lost, and whose items another took meanwhile, ends and says why", async () => {
  stage = await Stage.open();
  await stage.loadShop();
  const lost = await dieBeforeStart({ holdingItems: false });
  await stage.start("planned-failover");
  expect((await sweepExecutions(stage.context)).mended).toEqual([lost]);
  const ended = (await stage.context.store.getExecution(lost))?.value;
  expect(ended).toMatchObject({ status: "failed", failure: { code: "item-held" } });
});
