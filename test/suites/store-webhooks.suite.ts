import { beforeEach, describe, expect, test } from "vitest";
import { toInstant } from "../../src/domain/text.js";
import type { WebhookReceipt } from "../../src/domain/webhooks/receipt.js";
import type { WebhookSource } from "../../src/domain/webhooks/source.js";
import type { Store } from "../../src/store/port.js";
import { createStore } from "../../src/store/store.js";
import type { Tables } from "../../src/store/tables/port.js";

const AT_MS = Date.UTC(2026, 2, 2, 9);
const AT = toInstant(AT_MS);
const minutesLater = (minutes: number): string => toInstant(AT_MS + minutes * 60_000);
const key = (digit: string): string => digit.repeat(64);

const source = (id: string, change: Partial<WebhookSource> = {}): WebhookSource => ({
  id,
  scheme: "standard",
  secrets: ["HOOK"],
  people: [{ external: "a", person: "Ann", roles: ["approver"] }],
  expect: [],
  savedAt: AT,
  savedBy: "admin",
  ...change,
});

const receipt = (change: Partial<WebhookReceipt> = {}): WebhookReceipt => ({
  sourceId: "desk",
  messageId: "msg_1",
  digest: key("d"),
  receivedAt: AT,
  external: "a",
  person: "Ann",
  approvalId: "11111111-1111-8111-8111-111111111111",
  decision: "approve",
  ...change,
});

const recorded = { outcome: "recorded", detail: "Ann approved", at: AT } as const;
const refused = { outcome: "refused", code: "approval-void", detail: "void", at: AT } as const;
const unreadable = expect.objectContaining({ code: "row-unreadable" });

/** What every store does with webhooks, whatever tables it stands on. */
export function storeWebhooksSuite(name: string, open: () => Tables): void {
  describe(`webhooks in the store on ${name}`, () => {
    let tables: Tables;
    let store: Store;

    beforeEach(() => {
      tables = open();
      store = createStore(tables);
    });

    const spoil = async (table: string, partition: string, row: string) => {
      await tables.table(table).transact(partition, [{ kind: "put", row, schema: 1, json: "{" }]);
    };

    test("a source is saved, replaced, listed and removed", async () => {
      expect(await store.getWebhookSource("desk")).toBeNull();
      expect(await store.putWebhookSource(source("desk"))).toBe(true);
      expect(await store.putWebhookSource(source("desk", { scheme: "slack" }))).toBe(false);
      await store.putWebhookSource(source("chat"));
      expect(await store.getWebhookSource("desk")).toEqual(source("desk", { scheme: "slack" }));
      expect((await store.listWebhookSources({ limit: 10 })).entries.map(({ id }) => id)).toEqual(["chat", "desk"]);
      await store.removeWebhookSource("desk");
      await store.removeWebhookSource("desk");
      expect((await store.listWebhookSources({ limit: 10 })).entries.map(({ id }) => id)).toEqual(["chat"]);
    });

    test("an unreadable source is neither read nor replaced", async () => {
      await spoil("WebhookSources", "sources", "desk");
      await expect(store.getWebhookSource("desk")).rejects.toEqual(unreadable);
      await expect(store.putWebhookSource(source("desk"))).rejects.toEqual(unreadable);
      expect((await store.listWebhookSources({ limit: 10 })).unreadable).toHaveLength(1);
    });

    test("of many messages under one key, one makes the record, and all see it", async () => {
      const all = await Promise.all(
        Array.from({ length: 50 }, (_, index) => store.insertReceipt(key("1"), receipt({ messageId: `m${index}` }))),
      );
      expect(all.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(all.map(({ receipt: { messageId } }) => messageId)).size).toBe(1);
      expect((await store.listOpenReceipts({ limit: 10 })).entries).toHaveLength(1);
    });

    test("the first result of a message stands, and the message is no longer open", async () => {
      await store.insertReceipt(key("1"), receipt());
      const results = await Promise.all([
        store.completeReceipt(key("1"), recorded),
        store.completeReceipt(key("1"), refused),
      ]);
      expect(results[0]).toEqual(results[1]);
      expect(await store.completeReceipt(key("1"), refused)).toEqual(results[0]);
      expect((await store.listOpenReceipts({ limit: 10 })).entries).toEqual([]);
      const again = await store.insertReceipt(key("1"), receipt());
      expect(again).toEqual({ created: false, receipt: receipt({ result: results[0] }) });
    });

    test("an unreadable message is not completed, and hides no other one", async () => {
      await store.insertReceipt(key("1"), receipt());
      await store.insertReceipt(key("2"), receipt());
      await spoil("WebhookReceipts", "receipts", `m-${key("1")}`);
      await expect(store.completeReceipt(key("1"), recorded)).rejects.toEqual(unreadable);
      await expect(store.insertReceipt(key("1"), receipt())).rejects.toEqual(unreadable);
      expect((await store.listOpenReceipts({ limit: 10 })).entries.map((found) => found.key)).toEqual([key("2")]);
    });

    test("old messages are forgotten whole, the oldest first, and younger ones are kept", async () => {
      await store.insertReceipt(key("1"), receipt({ receivedAt: minutesLater(1) }));
      await store.insertReceipt(key("2"), receipt({ receivedAt: minutesLater(2) }));
      await store.insertReceipt(key("3"), receipt({ receivedAt: minutesLater(3) }));
      await store.completeReceipt(key("1"), recorded);
      expect(await store.purgeReceipts(minutesLater(1), 10)).toBe(0);
      expect(await store.purgeReceipts(minutesLater(3), 1)).toBe(1);
      expect((await store.insertReceipt(key("1"), receipt({ receivedAt: minutesLater(9) }))).created).toBe(true);
      expect(await store.purgeReceipts(minutesLater(3), 10)).toBe(1);
      expect((await store.listOpenReceipts({ limit: 10 })).entries.map((found) => found.key)).toEqual([
        key("1"),
        key("3"),
      ]);
      expect((await tables.table("WebhookReceipts").list("receipts", { limit: 100 })).rows).toHaveLength(6);
    });

    test("refused requests are counted, one row for each source and minute", async () => {
      const refuse = (sourceId: string | null, minutes: number) =>
        store.recordRefusal({ sourceId, reason: "wrong-signature", at: minutesLater(minutes) });
      await Promise.all([
        ...Array.from({ length: 30 }, () => refuse("desk", 0)),
        refuse(null, 0),
        refuse("unknown", 0),
      ]);
      await store.recordRefusal({ sourceId: "desk", reason: "wrong-time", at: minutesLater(0.5) });
      await refuse("desk", 1);
      const { entries } = await store.listSecurityRecords({ limit: 10 });
      const counts = entries.map((one) => one.kind === "webhook-refused" && [one.sourceId, one.minute, one.count]);
      expect(counts).toEqual([
        ["desk", minutesLater(1), 1],
        ["desk", AT, 31],
        ["unknown", AT, 1],
        [null, AT, 1],
      ]);
      expect(entries[1]).toMatchObject({
        reasons: { "wrong-signature": 30, "wrong-time": 1 },
        lastReason: "wrong-time",
        lastAt: minutesLater(0.5),
      });
    });

    test("old security records are forgotten, and younger ones are kept", async () => {
      for (const minutes of [0, 1, 2, 3]) {
        await store.recordRefusal({ sourceId: null, reason: "unknown-source", at: minutesLater(minutes) });
      }
      expect(await store.purgeSecurityRecords(minutesLater(1), 1)).toBe(1);
      expect(await store.purgeSecurityRecords(minutesLater(1), 10)).toBe(1);
      const left = (await store.listSecurityRecords({ limit: 10 })).entries.map(({ minute }) => minute);
      expect(left).toEqual([minutesLater(3), minutesLater(2)]);
    });
  });
}
