import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");

/** What the storage, the hub and JSON treat in a special way. A name holds no control characters. */
const NAME = "n\u2028\u2029\ufeff\u6f22\u{1f44d}\uffff";
const SHORT = `${NAME}\u0000\u0085"\\`;
const TEXT = `${SHORT}\ud800${"\u6f22".repeat(1_900)}`;

/** Replaces every name and every text of a value that a person writes. */
function withTexts<T>(value: T): T {
  const text = JSON.stringify(value, (key, field: unknown) => {
    if (typeof field !== "string") return field;
    if (key === "instructions" || key === "description") return TEXT;
    return key === "name" ? NAME + field : field;
  });
  return JSON.parse(text) as T;
}

test("texts of every field reach the execution and its evidence unchanged, and hold nothing up", async () => {
  const { planId } = await app.loadShop((world) => ({ ...world, name: NAME }), withTexts);
  const saved = await app.client.call(ROUTES.getPlan, { params: { planId } });
  expect(saved.body.plan.name).toContain(NAME);
  const executionId = await app.start(planId, { verb: "planned-failover" });
  await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "confirm"));
  const confirm = { actionId: "check-orders", note: TEXT };
  await app.client.call(ROUTES.confirm, { params: { executionId }, body: confirm });
  await app.validate(executionId, { verdict: "accept", reason: TEXT });
  const ended = await app.ended(executionId);
  expect(ended).toMatchObject({ status: "succeeded" });
  expect(JSON.stringify(ended)).toContain(JSON.stringify(SHORT).slice(1, -1));
});

test("an execution ends whose rejection, cancel and answer hold every kind of text", async () => {
  const { planId } = await app.loadShop();
  const executionId = await app.start(planId, { verb: "planned-failover" }, randomUUID());
  await app.until(executionId, ({ awaits }) => awaits.some(({ kind }) => kind === "confirm"));
  const body = { behaviour: "restore-protection" as const, reason: TEXT };
  await app.client.call(ROUTES.cancel, { params: { executionId }, body });
  expect((await app.ended(executionId)).status).toBe("cancelled");
});
