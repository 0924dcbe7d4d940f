import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiError, type Client, createClient } from "../../src/api/client.js";
import { ROUTES } from "../../src/api/routes.js";
import { TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { type ExecutionAnswer, RunningApp } from "../support/running-app.js";

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

/** The approval that an execution awaits, when it is asked for in a round or in a later one. */
async function awaited(executionId: string, round = 1) {
  const asked = ({ awaits }: ExecutionAnswer) =>
    awaits.flatMap((one) => (one.kind === "approval" && one.round >= round && one.hash !== null ? [one] : []))[0];
  const found = asked(await app.until(executionId, (seen) => asked(seen) !== undefined));
  if (found === undefined) throw new Error("no approval is awaited");
  return { approvalId: found.approvalId, hash: found.hash ?? "", who: found.who };
}

const decide = (client: Client, { approvalId, hash }: { approvalId: string; hash: string }) =>
  client.call(ROUTES.decideApproval, { params: { approvalId }, body: { decision: "approve", hash } });

const mine = async (client: Client) =>
  (await client.call(ROUTES.listApprovals, { params: {} })).body.entries.map(({ content }) => content.approvalId);

/** Two machines whose failover needs two approvers. */
const shop = () =>
  app.loadShop(undefined, (plan) => ({
    ...withApprovals(TWO_BEFORE_START)(plan),
    groups: [{ id: "application", name: "Application servers", items: [{ id: "app-1" }, { id: "app-2" }] }],
    validation: { required: false },
  }));

async function startAs(client: Client, planId: string, key = planId): Promise<string> {
  const { body } = await client.call(ROUTES.startOnPlan, {
    params: { planId },
    headers: { "idempotency-key": key },
    body: { verb: "unplanned-failover", options: { acknowledgeNoTest: true } },
  });
  return body.executionId;
}

test("two people approve over HTTP, each once and neither by proxy, and the failover goes on", async () => {
  const [ann, bob] = await Promise.all([app.clientOf("ann", "approver"), app.clientOf("bob", "approver")]);
  const eve = await app.clientOf("eve", "executor", "approver");
  const { planId } = await shop();
  const executionId = await startAs(eve, planId);
  const asked = await awaited(executionId);
  expect(await app.look(executionId)).toMatchObject({ status: "awaiting-approval" });
  expect(asked.who).toMatchObject({
    right: "approve",
    except: expect.arrayContaining(["eve"]),
    needed: 2,
    decided: [],
  });
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

test("a failover that one person declines touches nothing, and a new start asks again and goes on", async () => {
  const { worldId, planId } = await shop();
  const eve = await app.clientOf("eve", "executor");
  const [ann, bob] = await Promise.all([app.clientOf("ann", "approver"), app.clientOf("bob", "approver")]);
  /** Replication goes on meanwhile. */
  const standing = async () => (await app.items(worldId)).map(({ live: _live, ...item }) => item);
  const before = await standing();
  const declined = await startAs(eve, planId);
  const first = await awaited(declined);
  await decide(ann, first);
  const params = { approvalId: first.approvalId };
  const noReason = bob.call(ROUTES.decideApproval, { params, body: { decision: "decline", hash: first.hash } });
  expect(await codeOf(noReason)).toBe("400 invalid-input");
  const body = { decision: "decline", hash: first.hash, reason: "the sale is still on" } as const;
  await bob.call(ROUTES.decideApproval, { params, body });
  const ended = await app.ended(declined);
  expect(ended).toMatchObject({ status: "failed", failure: { code: "approval-declined" } });
  expect(ended.failure?.message).toContain("the sale is still on");
  expect(await standing()).toEqual(before);

  const executionId = await startAs(eve, planId, `${planId}-again`);
  const second = await awaited(executionId);
  expect(second.approvalId).not.toBe(first.approvalId);
  expect(await codeOf(decide(bob, first))).toBe("409 decided-already");
  await decide(ann, second);
  await decide(bob, second);
  expect(await app.ended(executionId)).toMatchObject({ status: "succeeded" });
  expect((await ann.call(ROUTES.getApproval, { params })).body).toMatchObject({
    status: "declined",
    decisions: [
      { person: "ann", decision: "approve" },
      { person: "bob", decision: "decline", reason: body.reason },
    ],
  });
});

test("a plan that is saved meanwhile makes its approval void, and its editor cannot approve the one asked for then", async () => {
  const { planId } = await shop();
  const eve = await app.clientOf("eve", "executor");
  const pia = await app.clientOf("pia", "planner", "approver");
  const [ann, bob] = await Promise.all([app.clientOf("ann", "approver"), app.clientOf("bob", "approver")]);
  const executionId = await startAs(eve, planId);
  const first = await awaited(executionId);
  await decide(ann, first);

  const params = { planId };
  const { body: saved } = await pia.call(ROUTES.getPlan, { params });
  await pia.call(ROUTES.savePlan, {
    params,
    headers: { "if-match": saved.etag },
    body: { ...saved.plan, name: "Another name" },
  });
  expect(await codeOf(decide(bob, first))).toBe("409 approval-void");
  const second = await awaited(executionId, 2);
  expect(second.approvalId).not.toBe(first.approvalId);
  expect((await ann.call(ROUTES.getApproval, { params: { approvalId: second.approvalId } })).body).toMatchObject({
    content: { planVersion: 1, savedPlanVersion: 2 },
    decisions: [],
  });
  expect(await codeOf(decide(pia, second))).toBe("403 not-an-approver");
  await decide(ann, second);
  await decide(bob, second);
  expect(await app.ended(executionId)).toMatchObject({ status: "succeeded" });
});

test("in an emergency one person goes on over HTTP, and an auditor who is somebody else reviews that", async () => {
  const { planId } = await shop();
  const eve = await app.clientOf("eve", "executor", "break-glass", "auditor");
  const [ann, audra] = [await app.clientOf("ann", "approver"), await app.clientOf("audra", "auditor")];
  const executionId = await startAs(eve, planId);
  const { approvalId } = await awaited(executionId);
  const params = { approvalId };
  expect(await codeOf(ann.call(ROUTES.breakGlass, { params, body: { reason: "fire" } }))).toBe("403 forbidden");
  await eve.call(ROUTES.breakGlass, { params, body: { reason: "the building burns" } });
  expect(await app.ended(executionId)).toMatchObject({ status: "succeeded" });
  const toReview = async () => {
    const { body } = await audra.call(ROUTES.listApprovalsToReview, { params: {} });
    return body.entries.map(({ content }) => content.approvalId);
  };
  expect(await toReview()).toEqual([approvalId]);
  const body = { note: "it did burn" };
  expect(await codeOf(ann.call(ROUTES.reviewApproval, { params, body }))).toBe("403 forbidden");
  expect(await codeOf(eve.call(ROUTES.reviewApproval, { params, body }))).toBe("403 not-an-approver");
  expect(await toReview()).toEqual([approvalId]);
  expect((await audra.call(ROUTES.reviewApproval, { params, body })).body.brokenGlass).toMatchObject({
    ...{ person: "eve", reason: "the building burns" },
    ...{ reviewedBy: "audra", reviewNote: "it did burn" },
  });
  expect(await toReview()).toEqual([]);
});

test("a delegate decides over HTTP, and somebody limited to another plan does not learn of it", async () => {
  const { planId } = await shop();
  const eve = await app.clientOf("eve", "executor");
  const [ann, bob, dora] = [
    await app.clientOf("ann", "approver"),
    await app.clientOf("bob", "approver"),
    await app.clientOf("dora", "approver"),
  ];
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const delegation = { params: { delegationId: "holidays" }, body: { to: "dora", until } };
  await ann.call(ROUTES.saveDelegation, delegation);
  expect((await dora.call(ROUTES.listDelegations, { params: {} })).body.to).toMatchObject([{ from: "ann" }]);
  const asked = await awaited(await startAs(eve, planId));
  await decide(dora, asked);
  await decide(bob, asked);
  await ann.call(ROUTES.removeDelegation, { params: delegation.params });
  expect((await ann.call(ROUTES.listDelegations, { params: {} })).body.from).toEqual([]);

  const { body } = await app.client.call(ROUTES.createToken, {
    params: {},
    body: { person: "carl", grants: [{ role: "approver", planIds: ["other"] }] },
  });
  const carl = createClient(app.url, { token: body.token });
  expect(await codeOf(carl.call(ROUTES.getApproval, { params: { approvalId: asked.approvalId } }))).toBe(
    "404 approval-not-found",
  );
  expect(await codeOf(decide(carl, asked))).toBe("404 approval-not-found");
  expect((await carl.call(ROUTES.listApprovals, { params: {}, query: { which: "all" } })).body.entries).toEqual([]);
});

test("nobody approves their own execution in the name of somebody else, by a token that they made", async () => {
  const adam = await app.clientOf("adam", "administrator");
  const { body: made } = await adam.call(ROUTES.createToken, {
    params: {},
    body: { person: "ann", grants: [{ role: "approver" }] },
  });
  const puppet = createClient(app.url, { token: made.token });
  const ann = await app.clientOf("ann", "approver");
  const { planId } = await shop();
  const asked = await awaited(await startAs(adam, planId));
  expect(await mine(puppet)).not.toContain(asked.approvalId);
  expect(await codeOf(decide(puppet, asked))).toBe("403 not-an-approver");
  // The same person with a token of somebody else decides, and what is recorded says whose it was.
  const { body: decided } = await decide(ann, asked);
  expect(decided.decisions).toMatchObject([{ person: "ann", credentialMadeBy: "first administrator" }]);
  const { body: records } = await adam.call(ROUTES.listSecurityRecords, { params: {} });
  expect(records.entries).toContainEqual(
    expect.objectContaining({
      ...{ kind: "token-for-another-person", tokenId: made.tokenId },
      ...{ person: "ann", madeBy: "adam", roles: ["approver"] },
    }),
  );
});
