import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { type Anchoring, anchorLog } from "../../src/activities/anchor-log.js";
import { Receiver } from "../support/receiver.js";
import { openSmallWorld } from "../support/small-services.js";

const AT = "2026-03-02T09:00:00.000Z";

/** A small world whose log has a record. */
async function withLog() {
  const { services } = await openSmallWorld();
  const about = {};
  const add = (recordId: string) =>
    services.store.appendToLog({ kind: "execution-sealed", recordId, at: AT, about, count: 1, head: "ab".repeat(32) });
  await add("first");
  return { services, add };
}

test("the log is anchored when it has grown, and a fault leaves it for the next minute", async () => {
  const { services, add } = await withLog();
  const kept: number[] = [];
  const anchoring: Anchoring = { sendTo: null, keep: async ({ seq }) => `memory/${kept.push(seq) && seq}` };
  const failing: Anchoring = { ...anchoring, keep: () => Promise.reject(new Error("the blob service is down")) };
  await expect(anchorLog(services, failing)).rejects.toThrow("the blob service is down");
  expect(await services.store.lastAnchor()).toBeNull();
  expect(await anchorLog(services, anchoring)).toMatchObject({ seq: 1, kept: ["memory/1"] });
  expect(await anchorLog(services, anchoring)).toBeNull();
  for (const id of ["second", "third"]) await add(id);
  await anchorLog(services, anchoring);
  expect(kept).toEqual([1, 3]);
  expect(await services.store.anchorFrom(2)).toMatchObject({ seq: 3 });
  expect(await services.store.anchorFrom(4)).toBeNull();
});

test("another system gets each head, signed", async () => {
  const { services } = await withLog();
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const receiver = await Receiver.listen();
  try {
    const sendTo = { url: receiver.url, secret: "ANCHOR" };
    const ports = { ...services, secrets: { get: () => secret }, clock: { now: () => Date.now() } };
    const anchor = await anchorLog(ports, { keep: async () => "memory", sendTo });
    expect(anchor?.kept).toEqual(["memory", new URL(receiver.url).host]);
    const [{ text = "", headers = {} } = {}] = receiver.received;
    expect(new Webhook(secret).verify(text, headers as Record<string, string>)).toMatchObject({ seq: 1 });
  } finally {
    await receiver.close();
  }
});
