import { afterEach, describe, expect, test } from "vitest";
import { getPlan, savePlan } from "../../src/commands/plans.js";
import type { Plan, PlanInput } from "../../src/domain/plans/plan.js";
import { delayAfter, RETRY_POLICIES } from "../../src/domain/retry-policies.js";
import { Receiver } from "../support/receiver.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
let receiver: Receiver;
afterEach(async () => {
  await app.close();
  receiver.close();
});

const withWebhook =
  (more: Readonly<Record<string, unknown>> = {}) =>
  (plan: PlanInput): PlanInput => ({
    ...plan,
    groups: plan.groups.map((group, index) =>
      index === 1
        ? {
            ...group,
            before: [
              {
                id: "dns",
                name: "Move DNS",
                kind: "webhook" as const,
                url: receiver.url,
                failoverTypes: ["planned" as const],
                ...more,
              },
            ],
          }
        : group,
    ),
  });

describe("webhook actions", () => {
  for (const replay of ["normal", "every-step"] as const) {
    test(`are called again until they are answered with success (${replay})`, async () => {
      receiver = await Receiver.listen((call) => [500, 503][call - 1] ?? 200);
      app = await VirtualApp.open({ replay });
      await app.loadShop(withWebhook());
      const { execution } = await app.attempt("planned-failover");
      expect(execution.status).toBe("succeeded");
      expect(receiver.received).toHaveLength(3);
      expect(receiver.received[2]?.body).toMatchObject({
        actionId: "dns",
        groupId: "application",
        failoverType: "planned",
        plan: { id: "shop", version: 1 },
        link: { path: `/api/executions/${execution.executionId}` },
      });
    });

    test(`that keep failing stop a planned failover (${replay})`, async () => {
      receiver = await Receiver.listen(() => 500);
      app = await VirtualApp.open({ replay });
      await app.loadShop(withWebhook());
      const executionId = await app.start("planned-failover");
      await app.confirm(executionId);
      const { execution, steps } = await app.ended(executionId);
      expect(execution).toMatchObject({ status: "failed", failure: { code: "stopped" } });
      expect(steps.find(({ id }) => id === "action/dns")?.error?.code).toBe("action-failed");
      expect(receiver.received).toHaveLength(4);
    });
  }

  test("carry one id, count their attempts, and wait longer after each failure", async () => {
    app = await VirtualApp.open();
    receiver = await Receiver.listen(
      () => 500,
      () => app.clock.now(),
    );
    await app.loadShop(withWebhook({ onFailure: "continue" }));
    await app.attempt("planned-failover");
    const { received } = receiver;
    const ids = new Set(received.flatMap(({ headers, body }) => [headers["webhook-id"], body["webhookId"]]));
    expect(ids.size).toBe(1);
    expect([...ids][0]).toMatch(/^msg_[0-9a-f]{32}$/);
    expect(received.map(({ headers }) => headers["webhook-attempt"])).toEqual(["1", "2", "3", "4"]);
    expect(received.map(({ body }) => body["attempt"])).toEqual([1, 2, 3, 4]);
    const gaps = received.slice(1).map(({ atMs }, at) => atMs - (received[at]?.atMs ?? 0));
    const backOff = [1, 2, 3].map((attempt) => delayAfter(RETRY_POLICIES.webhook, attempt) ?? Number.NaN);
    expect(gaps).toEqual(backOff);
    expect(Math.min(...backOff)).toBeGreaterThan(0);
  });

  test("that time out get as long again to end before they are called again", async () => {
    app = await VirtualApp.open();
    receiver = await Receiver.listen(
      (call) => (call === 1 ? null : 200),
      () => app.clock.now(),
    );
    await app.loadShop(withWebhook({ timeoutSeconds: 2 }));
    const { execution } = await app.attempt("planned-failover");
    expect(execution.status).toBe("succeeded");
    const [first, second] = receiver.received;
    expect(receiver.received).toHaveLength(2);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(2_000);
  });

  test("that a person has called again keep their id and go on counting", async () => {
    receiver = await Receiver.listen((call) => (call <= 2 ? 500 : 200));
    app = await VirtualApp.open();
    await app.loadShop(withWebhook({ retries: 1, onFailure: "ask" }));
    const { execution, steps } = await app.attempt("planned-failover", {}, { failures: ["retry"] });
    expect(execution.status).toBe("succeeded");
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(receiver.received.map(({ body }) => body["attempt"])).toEqual([1, 2, 3]);
    const shown = steps.filter(({ title }) => title === "Move DNS").map(({ id, status }) => `${id} ${status}`);
    expect(shown).toEqual(["action/dns failed", "action/dns/2 succeeded"]);
  });
});

const HOME = { location: "original", datastoreId: "sas-rtm-02", waitForAgent: true } as const;

describe("actions of a verb as a whole", () => {
  const manual = (id: string) => ({ id, name: id, kind: "manual" as const, instructions: `Do ${id}.` });

  async function open(actions: PlanInput["actions"]): Promise<void> {
    receiver = await Receiver.listen();
    app = await VirtualApp.open();
    await app.loadShop((plan) => ({ ...plan, validation: { required: false }, actions }));
  }

  const stepsOf = async (executionId: string) => (await app.ended(executionId)).steps.map(({ id }) => id);

  test("are done before and after a test clean-up, a commit and a reprotect", async () => {
    await open({
      "test-clean-up": { before: [manual("save-logs")], after: [manual("tell-team")] },
      commit: { before: [manual("sign-off")], after: [manual("close-ticket")] },
      reprotect: { before: [manual("open-port")], after: [manual("check-lag")] },
    });
    await app.run("test-failover");
    const cleanUp = await app.run("test-clean-up");
    expect(await stepsOf(cleanUp.execution.executionId)).toEqual([
      "action/save-logs",
      "remove-test-copies",
      "remove-test-network",
      "verify-no-leftovers",
      "action/tell-team",
    ]);
    await app.run("unplanned-failover");
    const committed = await app.run("commit");
    expect(await stepsOf(committed.execution.executionId)).toEqual(["action/sign-off", "items", "action/close-ticket"]);
    const reprotected = await app.run("reprotect", {
      reprotect: HOME,
    });
    expect(await stepsOf(reprotected.execution.executionId)).toEqual([
      "prerequisites",
      "action/open-port",
      "items",
      "action/check-lag",
    ]);
  });

  test("that are declined before a commit stop it, because it cannot be undone", async () => {
    await open({ commit: { before: [manual("sign-off")] } });
    await app.run("unplanned-failover");
    const { execution } = await app.attempt("commit", {}, { done: false });
    expect(execution).toMatchObject({ status: "failed", failure: { code: "stopped" } });
    expect(await app.states()).toEqual(["failed-over"]);
  });

  test("that fail after a commit do not hide that everything is committed", async () => {
    await open({ commit: { after: [manual("close-ticket")] } });
    await app.run("unplanned-failover");
    const { execution } = await app.attempt("commit", {}, { done: false });
    expect(execution.status).toBe("succeeded-with-failures");
    expect(await app.states()).toEqual(["committed"]);
  });

  test("are part of a full run, and stop it before its commit", async () => {
    await open({ commit: { before: [manual("sign-off")] }, reprotect: { before: [manual("open-port")] } });
    const executionId = await app.start("full-run", { reprotect: HOME });
    await app.confirm(executionId);
    await app.until(executionId, ({ awaits }) =>
      awaits.some((asked) => "actionId" in asked && asked.actionId === "sign-off"),
    );
    await app.decide(executionId, { kind: "confirm", actionId: "sign-off", ask: 1, done: false });
    const { execution } = await app.ended(executionId);
    expect(execution).toMatchObject({ status: "failed", failure: { code: "stopped" } });
    expect(await app.states()).toEqual(["failed-over"]);
  });

  test("have ids that no other action of the plan has", async () => {
    await open({ commit: { before: [manual("sign-off")] } });
    const { value, etag } = await getPlan(app.context, "shop");
    const twice: Plan = { ...value.plan, actions: { ...value.plan.actions, reprotect: value.plan.actions?.commit } };
    await expect(savePlan(app.context, twice, etag, "planner")).rejects.toThrow("two actions have the id sign-off");
  });
});
