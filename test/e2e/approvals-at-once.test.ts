import { afterEach, expect, test } from "vitest";
import { ApiError, type Client } from "../../src/api/client.js";
import { ROUTES } from "../../src/api/routes.js";
import { TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { poll, RunningApp } from "../support/running-app.js";

let app: RunningApp;
afterEach(() => app.stop());

const SETTINGS = { EMULATOR_DURATIONS: "zero", EMULATOR_SPEED: "1000" };
const AT_ONCE = 50;

/** A failover of two machines by eve that awaits its approval. */
async function awaitingApproval(needed: number) {
  const { planId } = await app.loadShop(undefined, (plan) => ({
    ...withApprovals({ ...TWO_BEFORE_START, needed })(plan),
    groups: [{ id: "application", name: "Application servers", items: [{ id: "app-1" }, { id: "app-2" }] }],
    validation: { required: false },
  }));
  const eve = await app.clientOf("eve", "executor");
  const { body } = await eve.call(ROUTES.startOnPlan, {
    params: { planId },
    headers: { "idempotency-key": planId },
    body: { verb: "unplanned-failover", options: { acknowledgeNoTest: true } },
  });
  const { executionId } = body;
  const asked = await app.until(executionId, ({ awaits }) =>
    awaits.some((one) => one.kind === "approval" && one.hash !== null),
  );
  const [approval] = asked.awaits.flatMap((one) => (one.kind === "approval" ? [one] : []));
  return { executionId, approvalId: approval?.approvalId ?? "", hash: approval?.hash ?? "" };
}

type Asked = Awaited<ReturnType<typeof awaitingApproval>>;

const decide = (client: Client, { approvalId, hash }: Asked) =>
  client.call(ROUTES.decideApproval, { params: { approvalId }, body: { decision: "approve", hash } });

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => "decided",
    (thrown: unknown) => (thrown instanceof ApiError ? `${thrown.problem.status} ${thrown.problem.code}` : "no answer"),
  );

const recorded = async ({ approvalId }: Asked) =>
  (await app.client.call(ROUTES.getApproval, { params: { approvalId } })).body;

test("of fifty people who decide over HTTP at once, one wins, and the others are told so", async () => {
  app = await RunningApp.startWithTokens(SETTINGS);
  const people = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, at) => app.clientOf(`approver ${at}`, "approver")),
  );
  const asked = await awaitingApproval(1);
  const answers = await Promise.all(people.map((client) => codeOf(decide(client, asked))));
  expect(answers.filter((answer) => answer === "decided")).toHaveLength(1);
  expect(new Set(answers.filter((answer) => answer !== "decided"))).toEqual(new Set(["409 decided-already"]));
  expect((await app.ended(asked.executionId)).status).toBe("succeeded");
  const winner = `approver ${answers.indexOf("decided")}`;
  expect(await recorded(asked)).toMatchObject({ status: "used", decisions: [{ person: winner }] });
});

test("a decision whose host is killed under it is kept, and used once", async () => {
  app = await RunningApp.startWithTokens(SETTINGS);
  const [ann, bob] = await Promise.all([app.clientOf("ann", "approver"), app.clientOf("bob", "approver")]);
  const asked = await awaitingApproval(2);
  await decide(ann, asked);
  const answer = codeOf(decide(bob, asked));
  await poll(
    () => app.dump(),
    (rows) => rows.split("\n").some((row) => row.includes(asked.approvalId) && row.includes("bob")),
  );
  app = await app.killAndRestart(SETTINGS);
  await answer;
  const { status } = await app.ended(asked.executionId);
  expect(status).toBe("succeeded");
  const { body: approval } = await app.client.call(ROUTES.getApproval, { params: { approvalId: asked.approvalId } });
  expect(approval).toMatchObject({ status: "used", decisions: [{ person: "ann" }, { person: "bob" }] });
  const { steps } = await app.look(asked.executionId);
  expect(steps.filter(({ id }) => id.startsWith("approval/"))).toHaveLength(1);
});

test("a token that is revoked during the wait decides nothing more, and what its holder decided before stands", async () => {
  app = await RunningApp.startWithTokens(SETTINGS);
  const [ann, bob, carl] = (await Promise.all(
    ["ann", "bob", "carl"].map((person) => app.clientOf(person, "approver")),
  )) as [Client, Client, Client];
  const asked = await awaitingApproval(2);
  await decide(ann, asked);
  const { body: tokens } = await app.client.call(ROUTES.listTokens, { params: {}, query: { limit: 100 } });
  for (const { tokenId, person } of tokens.entries) {
    if (person !== "ann" && person !== "bob") continue;
    await app.client.call(ROUTES.revokeToken, { params: { tokenId } });
  }
  const { approvalId } = asked;
  for (const client of [ann, bob]) {
    await poll(
      () => codeOf(client.call(ROUTES.getApproval, { params: { approvalId } })),
      (code) => code === "401 unauthenticated",
    );
    expect(await codeOf(decide(client, asked))).toBe("401 unauthenticated");
  }
  expect(await recorded(asked)).toMatchObject({ status: "pending", decisions: [{ person: "ann" }] });
  await decide(carl, asked);
  expect((await app.ended(asked.executionId)).status).toBe("succeeded");
  expect(await recorded(asked)).toMatchObject({ decisions: [{ person: "ann" }, { person: "carl" }] });
});
