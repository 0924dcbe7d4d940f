import { afterAll, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { Receiver } from "../support/receiver.js";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("quick");
let receiver: Receiver | undefined;
afterAll(() => receiver?.close());

interface CallBack {
  url: string;
  token: string;
}

const post = (url: string, body: object) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

test("a receiver calls back at the URL that it was given, and a decision that comes too late is refused", async () => {
  receiver = await Receiver.listen(() => 202);
  const hook = {
    id: "runbook",
    name: "Run the runbook",
    kind: "webhook" as const,
    url: receiver.url,
    failoverTypes: ["planned" as const],
    timeLimitMinutes: 60,
  };
  const { planId } = await app.loadShop(undefined, (plan) => ({
    ...plan,
    shutdown: { before: [hook] },
    validation: { required: false },
  }));
  const executionId = await app.start(planId, { verb: "planned-failover" });
  const waiting = await app.until(executionId, ({ awaits }) => awaits.length > 0);
  expect(waiting).toMatchObject({ status: "running", awaits: [{ kind: "call-back", actionId: "runbook", ask: 1 }] });
  expect(waiting.awaits[0]?.who).toMatchObject({ right: "run", roles: ["executor", "administrator"], needed: 1 });
  expect(JSON.stringify(waiting)).not.toContain("callBackSecret");
  const [call] = receiver.received;
  const { url, token } = (call?.body["callBack"] ?? {}) as CallBack;
  expect(new URL(url).origin).toBe(new URL(app.url).origin);

  const refused = await post(url, { token: "1.wrong", done: true });
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({ code: "call-back-refused" });
  expect((await post(url, { token, detail: "the zone is moved" })).status).toBe(202);
  expect((await post(url, { token, detail: "the zone is moved" })).status).toBe(202);
  const late = await post(url, { token, done: false });
  expect(late.status).toBe(409);
  expect(await late.json()).toMatchObject({
    code: "decided-already",
    detail: expect.stringContaining('call-back decided "done" on action runbook (ask 1) at'),
  });

  await app.confirm(executionId);
  const ended = await app.ended(executionId);
  expect(ended.status).toBe("succeeded");
  expect(ended.decisions?.map(({ decision }) => ("by" in decision ? decision.by : null))).toEqual([
    "call-back",
    "local administrator",
  ]);
});

test("a call-back needs no credential but its token", () => {
  expect(ROUTES.completeAction.right).toBe("anonymous");
});
