import { expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { verify } from "../../verify/verify.mjs";
import { poll, RunningApp } from "../support/running-app.js";

const shared = RunningApp.shared("quick");

/** The shop under a name that would be a tag, tested. */
async function tested() {
  const { planId } = await shared.loadShop(undefined, (plan) => ({
    ...plan,
    name: "<img src=x onerror=alert(1)>",
    groups: plan.groups.map((group) => ({ ...group, before: [], after: [] })),
  }));
  const executionId = await shared.start(planId, { verb: "test-failover" });
  await shared.ended(executionId);
  return { planId, executionId };
}

test("the evidence of an execution is intact, and an anchor of its log follows within a minute", async () => {
  const { executionId } = await tested();
  const call = () => shared.client.call(ROUTES.getEvidence, { params: { executionId } });
  const { body } = await poll(call, (seen) => seen.body.anchor !== null);
  expect(verify(body)).toMatchObject({ executionId, anchor: { seq: body.anchor?.seq } });
  const sections = body.execution.links.flatMap(({ content }) => (content.kind === "section" ? [content.name] : []));
  expect(sections).toContain("verdict");
});

test("the report escapes what people wrote, and runs and loads nothing", async () => {
  const { executionId } = await tested();
  const { body, headers } = await shared.client.call(ROUTES.getEvidenceReport, { params: { executionId } });
  expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(body).toContain("&lt;img src=x onerror=alert(1)&gt;");
  expect(body).not.toMatch(/<(img|script|link|iframe)/i);
  expect(body).toContain("size: A4");
});

test("a change is in the log before and after, with its person and without its body; a refused one too", async () => {
  const { planId, executionId } = await tested();
  await expect(
    shared.client.call(ROUTES.cancel, { params: { executionId }, body: { reason: "a secret word" } }),
  ).rejects.toThrow();
  const entries = [];
  for (let cursor: string | undefined; ; ) {
    const query = cursor === undefined ? {} : { cursor };
    const { body } = await shared.client.call(ROUTES.readAudit, { params: {}, query: { limit: "100", ...query } });
    entries.push(...body.entries);
    cursor = body.cursor;
    if (cursor === undefined) break;
  }
  const contents = entries.map(({ content }) => content);
  const ofPlan = contents.filter(({ about }) => about.planId === planId).map(({ kind }) => kind);
  expect(ofPlan.slice(0, 3)).toEqual(["request-intended", "request-done", "request-intended"]);
  expect(ofPlan).toContain("execution-sealed");
  const ofExecution = contents.filter(({ about, kind }) => about.executionId === executionId && /request/.test(kind));
  expect(ofExecution).toMatchObject([
    { kind: "request-intended", person: "local administrator", route: "cancel-execution" },
    { kind: "request-refused", status: 409, code: "execution-ended" },
  ]);
  expect(JSON.stringify(entries)).not.toContain("a secret word");
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_entry, at) => at + 1));
});
