import { beforeEach, describe, expect, test } from "vitest";
import { toInstant } from "../../src/domain/text.js";
import type { Store } from "../../src/store/port.js";
import { createStore } from "../../src/store/store.js";
import type { Tables } from "../../src/store/tables/port.js";
import { EVENT_AT, outboxMessage, subscription } from "../support/notification-event.js";

const AT_MS = Date.parse(EVENT_AT);
const minutesLater = (minutes: number): string => toInstant(AT_MS + minutes * 60_000);
const FAR_AWAY = minutesLater(100_000);
const ENDPOINT = outboxMessage("a").endpoint;
const OTHER = "f".repeat(32);
const unreadable = expect.objectContaining({ code: "row-unreadable" });

/** What every store does with subscriptions and with the outbox, whatever tables it stands on. */
export function storeNotificationsSuite(name: string, open: () => Tables): void {
  describe(`notifications in the store on ${name}`, () => {
    let tables: Tables;
    let store: Store;

    beforeEach(() => {
      tables = open();
      store = createStore(tables);
    });

    const add = (...messages: Parameters<typeof outboxMessage>[]) =>
      store.addMessages(
        messages.map((given) => outboxMessage(...given)),
        EVENT_AT,
      );
    const due = async (endpoint = ENDPOINT, by = FAR_AWAY) =>
      (await store.listDueMessages(endpoint, by, 10)).map(({ value }) => value.messageId[4]);
    const one = async () => {
      const [found] = await store.listDueMessages(ENDPOINT, FAR_AWAY, 1);
      if (found === undefined) throw new Error("nothing waits");
      return found;
    };

    test("a subscription is saved, replaced, listed and removed, and an unreadable one stays", async () => {
      const desk = subscription("desk", { format: "slack", urlSecret: "SLACK" });
      expect(await store.getSubscription("desk")).toBeNull();
      expect(await store.putSubscription(desk)).toBe(true);
      expect(await store.putSubscription({ ...desk, paused: true })).toBe(false);
      await store.putSubscription(subscription("chat", { format: "teams", urlSecret: "TEAMS" }));
      const { entries } = await store.listSubscriptions({ limit: 10 });
      expect(entries.map(({ id, paused }) => [id, paused])).toEqual([
        ["chat", false],
        ["desk", true],
      ]);
      await store.removeSubscription("chat");
      await store.removeSubscription("chat");
      expect((await store.listSubscriptions({ limit: 10 })).entries).toHaveLength(1);
      await tables
        .table("Subscriptions")
        .transact("subscriptions", [{ kind: "put", row: "desk", schema: 1, json: "{" }]);
      await expect(store.putSubscription(desk)).rejects.toEqual(unreadable);
      expect((await store.listSubscriptions({ limit: 10 })).unreadable).toHaveLength(1);
    });

    test("a message is added once, and waits until it is taken out", async () => {
      expect(await add(["a"], ["b"])).toHaveLength(2);
      expect((await add(["b"], ["c"])).map(({ value }) => value.messageId[4])).toEqual(["c"]);
      expect(await due()).toEqual(["a", "b", "c"]);
      await store.removeMessage(await one());
      expect(await due()).toEqual(["b", "c"]);
    });

    test("an added message can be changed with the ETag that its addition returned", async () => {
      const [first, second] = await add(["a"], ["b"]);
      if (first === undefined || second === undefined) throw new Error("not added");
      const tried = await store.updateMessage(second, { ...second.value, attempts: 1 });
      expect(tried?.value.attempts).toBe(1);
      expect(await store.updateMessage(second, { ...second.value, attempts: 2 })).toBeNull();
      const other = await store.updateMessage(first, { ...first.value, attempts: 3 });
      expect(other?.value.attempts).toBe(3);
    });

    test("messages are due by address, those that waited longest first", async () => {
      await add(["a", { nextAt: minutesLater(2) }], ["b", { nextAt: minutesLater(1) }], ["c", { endpoint: OTHER }]);
      expect(await due()).toEqual(["b", "a"]);
      expect(await due(ENDPOINT, minutesLater(1))).toEqual(["b"]);
      expect(await due(ENDPOINT, EVENT_AT)).toEqual([]);
      expect(await due(OTHER)).toEqual(["c"]);
      expect((await store.listEndpoints()).sort()).toEqual([ENDPOINT, OTHER]);
    });

    test("of two who take a message the second gets nothing", async () => {
      await add(["a"]);
      const found = await one();
      const taken = await store.updateMessage(found, { ...found.value, nextAt: minutesLater(5) });
      expect(taken?.value.nextAt).toBe(minutesLater(5));
      expect(await store.updateMessage(found, { ...found.value, nextAt: minutesLater(6) })).toBeNull();
      expect(await due(ENDPOINT, minutesLater(4))).toEqual([]);
      await store.removeMessage(found); // by a process that lost it
      expect(await due()).toEqual(["a"]);
    });

    test("a message that is given up becomes a dead letter, newest first, which can be removed", async () => {
      await add(["a"], ["b"]);
      await store.buryMessage(await one(), minutesLater(1));
      await store.buryMessage(await one(), minutesLater(2));
      expect(await due()).toEqual([]);
      const { entries } = await store.listDeadLetters({ limit: 10 });
      expect(entries.map(({ messageId, deadAt }) => [messageId[4], deadAt])).toEqual([
        ["b", minutesLater(2)],
        ["a", minutesLater(1)],
      ]);
      const [newest, oldest] = entries;
      expect(await store.getDeadLetter(newest?.id ?? "")).toEqual(newest);
      await store.removeDeadLetter(newest?.id ?? "");
      await store.removeDeadLetter(newest?.id ?? "");
      expect((await store.listDeadLetters({ limit: 10 })).entries).toEqual([oldest]);
      expect(await store.getDeadLetter("none")).toBeNull();
    });

    test("old dead letters are forgotten", async () => {
      for (const [at, digit] of ["a", "b", "c"].entries()) {
        await add([digit]);
        await store.buryMessage(await one(), minutesLater(at));
      }
      expect(await store.purgeDeadLetters(minutesLater(1), 10)).toBe(2);
      const left = (await store.listDeadLetters({ limit: 10 })).entries;
      expect(left.map(({ messageId }) => messageId[4])).toEqual(["c"]);
    });

    test("an address leaves the list when nothing waits for it, and nothing was added for long", async () => {
      await add(["a"]);
      await store.forgetIdleEndpoint(ENDPOINT, minutesLater(30));
      expect(await store.listEndpoints()).toEqual([ENDPOINT]);
      await store.removeMessage(await one());
      await store.forgetIdleEndpoint(ENDPOINT, minutesLater(10));
      expect(await store.listEndpoints()).toEqual([ENDPOINT]);
      await store.forgetIdleEndpoint(ENDPOINT, minutesLater(30));
      expect(await store.listEndpoints()).toEqual([]);
      await store.addMessages([outboxMessage("b")], minutesLater(31));
      expect(await store.listEndpoints()).toEqual([ENDPOINT]);
    });

    test("an unreadable message hides no other one", async () => {
      await add(["a"], ["b"]);
      const row = `m-${outboxMessage("a").messageId}`;
      await tables.table("Outbox").transact(`to-${ENDPOINT}`, [{ kind: "put", row, schema: 1, json: "{" }]);
      expect(await due()).toEqual(["b"]);
    });
  });
}
