import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { WEBHOOK_ROUTES } from "../../src/api/webhook-routes.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { createStore } from "../../src/store/store.js";
import { createAzureTables } from "../../src/store/tables/azure-tables.js";
import { type Said, SENDERS, type Sent, signStandard } from "../../verification/support/webhook-senders.js";
import { TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { RunningApp } from "../support/running-app.js";

const FAMILIES = ["standard", "slack", "github", "pagerduty", "teams"] as const;
type Source = (typeof FAMILIES)[number];

let app: RunningApp;

beforeAll(async () => {
  const secrets = FAMILIES.map((family) => [`SECRET_${family.toUpperCase()}`, SENDERS[family].secret]);
  app = await RunningApp.start({
    EMULATOR_DURATIONS: "zero",
    EMULATOR_SPEED: "1000",
    ...Object.fromEntries(secrets),
  });
  for (const family of FAMILIES) {
    const people = [{ external: SENDERS[family].external, person: `Ann of ${family}`, roles: ["approver" as const] }];
    const { body: saved } = await app.client.call(WEBHOOK_ROUTES.saveWebhookSource, {
      params: { sourceId: family },
      body: { scheme: family, secrets: [family.toUpperCase()], people },
    });
    expect(saved.unusableSecrets).toEqual([]);
  }
});
afterAll(() => app.stop());

const storeOf = () => createStore(createAzureTables(inject("storage"), app.prefix));
const ONE_BEFORE_START = { ...TWO_BEFORE_START, id: "one", name: "One approver", needed: 1 };

/** Starts a failover that waits for an approval. */
async function asked(requirement: Parameters<typeof withApprovals>[0]) {
  const { planId } = await app.loadShop(
    undefined,
    (plan): PlanInput => ({
      ...withApprovals(requirement)(plan),
      groups: [{ id: "application", name: "Application servers", items: [{ id: "app-1" }] }],
      validation: { required: false },
    }),
  );
  const body = { verb: "unplanned-failover" as const, options: { acknowledgeNoTest: true } };
  const executionId = await app.start(planId, body);
  const { awaits } = await app.until(executionId, (seen) =>
    seen.awaits.some((one) => one.kind === "approval" && one.hash !== null),
  );
  const [found] = awaits.flatMap((one) => (one.kind === "approval" ? [one] : []));
  return { executionId, approvalId: found?.approvalId ?? "", hash: found?.hash ?? "" };
}

const url = (sourceId: string): string => `${app.url}/api/webhooks/approvals/${sourceId}`;

async function post(sourceId: string, { headers, body }: Sent) {
  const response = await fetch(url(sourceId), { method: "POST", headers, body: new Uint8Array(body) });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

const sign = (source: Source, { approvalId, hash, ...said }: Pick<Said, "approvalId" | "hash"> & Partial<Said>): Sent =>
  SENDERS[source].send(
    {
      ...{ id: randomUUID(), external: SENDERS[source].external, decision: "approve", reason: "looks right" },
      ...said,
      ...{ approvalId, hash },
    },
    Date.now(),
  );

const decisionsOn = async (approvalId: string) =>
  (await app.client.call(ROUTES.getApproval, { params: { approvalId } })).body.decisions;

test("a button in Slack and a review on GitHub approve together, and the failover goes on", async () => {
  const { executionId, ...approval } = await asked(TWO_BEFORE_START);
  const slack = sign("slack", approval);
  const first = await post("slack", slack);
  expect(first).toMatchObject({ status: 200, answer: { outcome: "recorded" } });
  expect(await app.look(executionId)).toMatchObject({ status: "awaiting-approval" });
  const github = await post("github", sign("github", approval));
  expect(github).toMatchObject({ status: 202, answer: { outcome: "recorded" } });
  expect(await app.ended(executionId)).toMatchObject({ status: "succeeded" });
  expect(await decisionsOn(approval.approvalId)).toMatchObject([
    { person: "Ann of slack", via: "webhook:slack", seenHash: approval.hash, reason: "looks right" },
    { person: "Ann of github", via: "webhook:github", seenHash: null },
  ]);

  expect(await post("slack", slack)).toEqual(first);
  const late = await post("pagerduty", sign("pagerduty", approval));
  expect(late).toMatchObject({ status: 202, answer: { outcome: "refused", code: "decided-already" } });
  expect(await decisionsOn(approval.approvalId)).toHaveLength(2);
});

test.each(["standard", "pagerduty", "teams"] as const)("a decline by %s ends what waited for it", async (source) => {
  const { executionId, ...approval } = await asked(ONE_BEFORE_START);
  const { status, answer } = await post(source, sign(source, { ...approval, decision: "decline" }));
  expect(status).toBe(source === "teams" ? 200 : 202);
  expect(JSON.stringify(answer)).toContain(`Ann of ${source} declined ${approval.approvalId}`);
  expect((await app.ended(executionId)).status).not.toBe("succeeded");
});

test("of fifty uses of one decision at once there is one winner, and all get its answer", async () => {
  const { executionId, ...approval } = await asked(ONE_BEFORE_START);
  const request = sign("standard", approval);
  const all = await Promise.all(Array.from({ length: 50 }, () => post("standard", request)));
  expect(new Set(all.map((one) => JSON.stringify(one)))).toEqual(new Set([JSON.stringify(all[0])]));
  expect(all[0]).toMatchObject({ status: 202, answer: { outcome: "recorded" } });
  expect(await decisionsOn(approval.approvalId)).toHaveLength(1);
  expect(await app.ended(executionId)).toMatchObject({ status: "succeeded" });
});

test("a decision on another content than the one that is asked for is answered 202 and decides nothing", async () => {
  const { executionId, ...approval } = await asked(ONE_BEFORE_START);
  const other = sign("standard", { ...approval, hash: "0".repeat(64) });
  expect(await post("standard", other)).toMatchObject({
    status: 202,
    answer: { outcome: "refused", code: "approval-void" },
  });
  expect(await decisionsOn(approval.approvalId)).toEqual([]);
  expect(await app.look(executionId)).toMatchObject({ status: "awaiting-approval" });
});

/** Sends header lines as they are, with repetitions. */
function postLines(sourceId: string, lines: string[], body: Buffer): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sending = request(url(sourceId), { method: "POST", headers: lines }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sending.on("error", reject);
    sending.end(body);
  });
}

test("what is not signed as the source says gets one answer and changes nothing but the count of refusals", async () => {
  const { approvalId, hash } = await asked(ONE_BEFORE_START);
  const sent = sign("standard", { approvalId, hash });
  const rows = async () => (await app.dump()).split("\n").filter((row) => row.includes(approvalId));
  const before = await rows();
  const refused = await Promise.all([
    post("nobody", sent),
    post("slack", sent),
    post("standard", { ...sent, body: Buffer.concat([sent.body, Buffer.from(" ")]) }),
    post("standard", { ...sent, headers: { ...sent.headers, "webhook-id": "another" } }),
    post("standard", signStandard("old", String(Math.floor(Date.now() / 1_000) - 301), sent.body)),
  ]);
  for (const one of refused) expect(one).toEqual(refused[0]);
  expect(refused[0]).toMatchObject({ status: 401, answer: { code: "webhook-refused" } });

  const { host } = new URL(app.url);
  const lines = Object.entries({ host, ...sent.headers, "content-length": String(sent.body.length) }).flat();
  const again = (name: string, value = sent.headers[name] ?? "") =>
    postLines("standard", [...lines, name, value], sent.body);
  for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"]) expect(await again(name)).toBe(401);
  expect(await post("standard", { ...sent, body: Buffer.alloc(65_537, "a") })).toMatchObject({ status: 413 });
  expect((await fetch(url("standard"))).status).toBe(405);
  expect(await rows()).toEqual(before);

  const { body } = await app.client.call(WEBHOOK_ROUTES.listSecurityRecords, { params: {} });
  const sources = body.entries.flatMap((one) => (one.kind === "webhook-refused" ? [one.sourceId] : []));
  expect(new Set(sources)).toEqual(new Set([null, "slack", "standard"]));
  expect(await post("standard", sent)).toMatchObject({ status: 202, answer: { outcome: "recorded" } });
  expect((await storeOf().getApproval(approvalId))?.value.decisions).toHaveLength(1);
});
