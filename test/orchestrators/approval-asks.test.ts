import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { approvalAwaited, decideAs, TWO_BEFORE_START, withApprovals } from "../support/approvals.js";
import { testInBothReplays } from "../support/both-replays.js";
import { Receiver } from "../support/receiver.js";

const KEY = `whsec_${Buffer.from("a key that only this test has").toString("base64")}`;

let receiver: Receiver;
beforeAll(async () => {
  receiver = await Receiver.listen();
});
afterAll(() => receiver.close());
beforeEach(() => {
  receiver.received.length = 0;
});

const eventsOf = () => receiver.received.map(({ text }) => JSON.parse(text).type.replace("secondsite.approval.", ""));

testInBothReplays(
  "approvers are asked with what they approve, signed, and learn that it was approved",
  async (app) => {
    app.secrets.set("HOOK", KEY);
    const executionId = await app.start("unplanned-failover");
    const awaited = await approvalAwaited(app, executionId);
    await app.pass(60_000);
    const [ask] = receiver.received;
    expect(ask?.body).toMatchObject({
      approvalId: awaited.approvalId,
      hash: awaited.hash,
      executionId,
      planId: "shop",
      needed: 2,
      itemCount: 11,
    });
    for (const person of ["ann", "bob"]) {
      await decideAs(app, person, awaited.approvalId, { seenHash: String(ask?.body["hash"]) });
    }
    await app.confirm(executionId);
    expect(eventsOf()).toEqual(["requested", "closed"]);
    expect(receiver.received[1]?.body).toMatchObject({
      approvalId: awaited.approvalId,
      closing: { end: "approved", people: ["ann", "bob"] },
    });
    for (const { text, headers } of receiver.received) {
      const at = new Date(Number(headers["webhook-timestamp"]) * 1_000); // of the virtual clock
      const signature = new Webhook(KEY).sign(String(headers["webhook-id"]), at, text);
      expect(headers["webhook-signature"]).toBe(signature);
    }
  },
  withTarget,
);

testInBothReplays(
  "approvers learn that one of them declined, and why",
  async (app) => {
    app.secrets.set("HOOK", KEY);
    const executionId = await app.start("unplanned-failover");
    const { approvalId } = await approvalAwaited(app, executionId);
    await app.pass(60_000);
    await decideAs(app, "ann", approvalId, { decision: "decline", reason: "not today" });
    await app.completed(executionId);
    expect(eventsOf()).toEqual(["requested", "closed"]);
    expect(receiver.received[1]?.body).toMatchObject({
      closing: { end: "declined", people: ["ann"], reason: "not today" },
    });
  },
  withTarget,
);

/** The address of the receiver is known when the test runs. */
function withTarget(plan: PlanInput): PlanInput {
  const asks = [{ format: "standard" as const, url: receiver.url, secret: "HOOK" }];
  return withApprovals({ ...TWO_BEFORE_START, asks })(plan);
}
