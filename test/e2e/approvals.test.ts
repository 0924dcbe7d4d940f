import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiError, type Client } from "../../src/api/client.js";
import { ROUTES } from "../../src/api/routes.js";
import { TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { RunningApp } from "../support/running-app.js";

let app: RunningApp;
beforeAll(async () => {
  app = await RunningApp.startWithTokens({ EMULATOR_DURATIONS: "zero", EMULATOR_SPEED: "1000" });
});
afterAll(() => app.stop());

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => "answered",
    (thrown: unknown) => (thrown instanceof ApiError ? `${thrown.problem.status} ${thrown.problem.code}` : "other"),
  );

/** The approval that an execution awaits. */
async function awaited(executionId: string) {
  const { awaits } = await app.until(executionId, (seen) =>
    seen.awaits.some((one) => one.kind === "approval" && one.hash !== null),
  );
  const found = awaits.flatMap((one) => (one.kind === "approval" ? [one] : []))[0];
  if (found === undefined) throw new Error("no approval is awaited");
  return { approvalId: found.approvalId, hash: found.hash ?? "" };
}

const decide = (client: Client, { approvalId, hash }: { approvalId: string; hash: string }) =>
  client.call(ROUTES.decideApproval, { params: { approvalId }, body: { decision: "approve", hash } });

const mine = async (client: Client) =>
  (await client.call(ROUTES.listApprovals, { params: {} })).body.entries.map(({ content }) => content.approvalId);

test("two people approve over HTTP, each once and neither by proxy, and the failover goes on", async () => {
  const [ann, bob] = await Promise.all([app.clientOf("ann", "approver"), app.clientOf("bob", "approver")]);
  const eve = await app.clientOf("eve", "executor", "approver");
  const { planId } = await app.loadShop(undefined, (plan) => ({
    ...withApprovals(TWO_BEFORE_START)(plan),
    groups: [{ id: "application", name: "Application servers", items: [{ id: "app-1" }, { id: "app-2" }] }],
    validation: { required: false },
  }));
  const started = await eve.call(ROUTES.startOnPlan, {
    params: { planId },
    headers: { "idempotency-key": planId },
    body: { verb: "unplanned-failover", options: { acknowledgeNoTest: true } },
  });
  const { executionId } = started.body;
  const asked = await awaited(executionId);
  expect(await app.look(executionId)).toMatchObject({ status: "awaiting-approval" });
  expect([await mine(ann), await mine(bob), await mine(eve)]).toEqual([[asked.approvalId], [asked.approvalId], []]);

  expect(await codeOf(decide(eve, asked))).toBe("403 not-an-approver");
  expect(await codeOf(decide(app.client, asked))).toBe("403 forbidden");
  expect(await codeOf(decide(ann, { ...asked, hash: "0".repeat(64) }))).toBe("409 approval-void");
  expect((await decide(ann, asked)).body).toMatchObject({ status: "pending", decisions: [{ person: "ann" }] });
  expect((await decide(ann, asked)).body.decisions).toHaveLength(1);
  expect([await mine(ann), await mine(bob)]).toEqual([[], [asked.approvalId]]);
  expect((await decide(bob, asked)).body.decisions).toHaveLength(2);

  expect(await app.ended(executionId)).toMatchObject({ status: "succeeded" });
  const { body } = await ann.call(ROUTES.getApproval, { params: { approvalId: asked.approvalId } });
  expect(body).toMatchObject({ status: "used", hash: asked.hash, content: { requestedBy: "eve", needed: 2 } });
});
