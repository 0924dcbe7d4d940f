import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ApiError } from "../../src/api/client.js";
import { ROUTES } from "../../src/api/routes.js";
import { SHARED_HOSTS } from "../support/host-program.js";
import { Receiver } from "../support/receiver.js";
import { poll, RunningApp } from "../support/running-app.js";

const KEY = `whsec_${Buffer.from("k".repeat(32)).toString("base64")}`;
const SETTINGS = { ...SHARED_HOSTS.quick, SECRET_DESK: KEY };

let app: RunningApp;
beforeAll(async () => {
  app = await RunningApp.start(SETTINGS);
});
const receivers: Receiver[] = [];
afterAll(async () => {
  await app.stop();
  for (const receiver of receivers) receiver.close();
});

async function listen(answer?: Parameters<typeof Receiver.listen>[0]): Promise<Receiver> {
  const receiver = await Receiver.listen(answer);
  receivers.push(receiver);
  return receiver;
}

const subscribe = (subscriptionId: string, url: string, planId: string) =>
  app.client.call(ROUTES.saveSubscription, {
    params: { subscriptionId },
    body: { planIds: [planId], target: { format: "cloudevents", url, secrets: ["DESK"] } },
  });

const loadSmall = () =>
  app.loadShop(undefined, (plan) => ({
    ...plan,
    groups: [{ id: "application", name: "Application servers", items: [{ id: "app-1" }] }],
  }));

const drill = async (planId: string) => app.ended(await app.start(planId, { verb: "test-failover" }));
const kindsOf = ({ received }: Receiver) => received.map(({ body }) => body["event"]);

test("a subscription is saved, listed and removed, and says which of its secrets has no value", async () => {
  const target = { format: "slack", urlSecret: "NOWHERE" } as const;
  const saved = await app.client.call(ROUTES.saveSubscription, { params: { subscriptionId: "s1" }, body: { target } });
  expect([saved.status, saved.body.missingSecrets]).toEqual([201, ["NOWHERE"]]);
  const { entries } = (await app.client.call(ROUTES.listSubscriptions, { params: {} })).body;
  expect(entries.map(({ id }) => id)).toEqual(["s1"]);
  const params = { subscriptionId: "s1" };
  await app.client.call(ROUTES.removeSubscription, { params });
  const gone = app.client.call(ROUTES.getSubscription, { params });
  await expect(gone).rejects.toSatisfy((thrown) => (thrown as ApiError).problem.code === "subscription-not-found");
});

test("a subscriber gets the events of an execution, signed, and nobody else's", async () => {
  const receiver = await listen();
  const [{ planId }, other] = [await loadSmall(), await loadSmall()];
  await subscribe("mine", receiver.url, planId);
  await drill(other.planId);
  expect((await drill(planId)).undelivered).toBeUndefined();
  await poll(
    async () => kindsOf(receiver),
    (kinds) => kinds.includes("ended"),
  );
  expect(kindsOf(receiver)).toEqual(["started", "progress", "ended"]);
  for (const { text, headers } of receiver.received) {
    expect(new Webhook(KEY).verify(text, headers as Record<string, string>)).toMatchObject({ specversion: "1.0" });
  }
});

test("what nobody took when the host was killed is delivered by the next one, under the same id", async () => {
  let isUp = false;
  const receiver = await listen(() => (isUp ? 200 : 503));
  const { planId } = await loadSmall();
  await subscribe("later", receiver.url, planId);
  await drill(planId);
  await poll(
    async () => new Set(kindsOf(receiver)),
    (kinds) => kinds.has("ended"),
  );
  app = await app.killAndRestart(SETTINGS);
  const [before, idsBefore] = [receiver.received.length, receiver.received.map(({ headers }) => headers["webhook-id"])];
  isUp = true;
  await poll(
    async () => new Set(receiver.received.slice(before).map(({ headers }) => headers["webhook-id"])),
    (ids) => ids.size === new Set(idsBefore).size,
  );
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(new Set(idsBefore).size);
});

test("a notification that its receiver refused for good is a dead letter, and can be sent again", async () => {
  let status = 410;
  const receiver = await listen(() => status);
  const { planId } = await loadSmall();
  await subscribe("dead", receiver.url, planId);
  const { undelivered } = await drill(planId);
  const refused = { attempts: 1, nextAttemptAt: null, why: expect.stringContaining("410") };
  expect(undelivered?.slice(0, 2)).toMatchObject([refused, refused]); // the end is told after the record is closed
  const letters = async () => (await app.client.call(ROUTES.listDeadLetters, { params: {} })).body.entries;
  const found = await poll(letters, ({ length }) => length === 3);
  expect(found.map(({ event }) => event.kind).sort()).toEqual(["ended", "progress", "started"]);
  status = 200;
  const [newest] = found;
  await app.client.call(ROUTES.resendDeadLetter, { params: { deadLetterId: newest?.id ?? "" } });
  const { body } = await app.client.call(ROUTES.resendDeadLetters, { params: {}, body: { subscriptionId: "dead" } });
  expect(body).toEqual({ resent: 2 });
  expect(await letters()).toEqual([]);
  expect(receiver.received).toHaveLength(6);
});
