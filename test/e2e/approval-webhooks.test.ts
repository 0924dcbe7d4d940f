import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { WEBHOOK_ROUTES } from "../../src/api/webhook-routes.js";
import { toInstant } from "../../src/domain/text.js";
import { createStore } from "../../src/store/store.js";
import { createAzureTables } from "../../src/store/tables/azure-tables.js";
import { pendingApproval } from "../support/pending-approval.js";
import { RunningApp } from "../support/running-app.js";
import { type Family, type Said, SENDERS, type Sent } from "../support/webhook-senders.js";

const FAMILIES = ["standard", "slack", "github", "pagerduty", "teams"] as const;
const DAY_MS = 86_400_000;

let app: RunningApp;

beforeAll(async () => {
  const secrets = FAMILIES.map((family) => [`SECRET_${family.toUpperCase()}`, SENDERS[family].secret]);
  app = await RunningApp.start({ EMULATOR_DURATIONS: "zero", ...Object.fromEntries(secrets) });
  for (const family of FAMILIES) {
    const people = [{ external: SENDERS[family].external, person: `Ann of ${family}`, roles: ["approver" as const] }];
    const body = { scheme: family, secrets: [family.toUpperCase()], people };
    const { body: saved } = await app.client.call(WEBHOOK_ROUTES.saveWebhookSource, {
      params: { sourceId: family },
      body,
    });
    expect(saved.unusableSecrets).toEqual([]);
  }
});
afterAll(() => app.stop());

const storeOf = () => createStore(createAzureTables(inject("storage"), app.prefix));

/** An approval that a running execution waits for. */
async function asked() {
  const { planId, worldId } = await app.loadShop();
  const executionId = await app.start(planId, { verb: "planned-failover" });
  const now = Date.now();
  const times = { requestedAt: toInstant(now), expiresAt: toInstant(now + DAY_MS) };
  const approval = { ...pendingApproval({ approvalId: randomUUID(), planId, executionId, ...times }), worldId };
  await storeOf().createApproval(approval);
  return approval;
}

async function post(sourceId: string, { headers, body }: Sent) {
  const url = `${app.url}/api/webhooks/approvals/${sourceId}`;
  const response = await fetch(url, { method: "POST", headers, body: new Uint8Array(body) });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

const sign = (family: Family, said: Pick<Said, "approvalId" | "hash"> & Partial<Said>): Sent =>
  SENDERS[family].send(
    {
      id: randomUUID(),
      external: SENDERS[family].external,
      decision: "approve",
      reason: "looks right",
      ...said,
    },
    Date.now(),
  );

test.each(FAMILIES)("a signed request of %s decides on an approval over HTTP, once", async (family) => {
  const { content, hash } = await asked();
  const { approvalId } = content;
  const request = sign(family, { approvalId, hash });
  const first = await post(family, request);
  expect(first.status).toBe(family === "slack" || family === "teams" ? 200 : 202);
  expect(JSON.stringify(first.answer)).toContain(`Ann of ${family} approved ${approvalId}`);
  expect(await post(family, request)).toEqual(first);
  const found = await storeOf().getApproval(approvalId);
  expect(found?.value).toMatchObject({
    status: "approved",
    decisions: [{ person: `Ann of ${family}`, decision: "approve", via: `webhook:${family}` }],
  });
});
