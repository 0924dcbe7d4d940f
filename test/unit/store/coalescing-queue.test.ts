import { expect, test } from "vitest";
import { createCoalescingQueue, type Pending } from "../../../src/store/tables/coalescing-queue.js";

type Batch = readonly Pending<number, string>[];
const answerAll = (batch: Batch): void => {
  for (const { request, resolve } of batch) resolve(`answer ${request}`);
};
const requestsOf = (batch: Batch): number[] => batch.map(({ request }) => request);

test("I1 requests of one moment are one batch, and those that arrive meanwhile are the next", async () => {
  const batches: number[][] = [];
  const ask = createCoalescingQueue<number, string>(async (_key, batch) => {
    batches.push(requestsOf(batch));
    if (batches.length === 1) later = [ask("k", 3), ask("k", 4)];
    await Promise.resolve();
    answerAll(batch);
  });
  let later: Promise<string>[] = [];
  expect(await Promise.all([ask("k", 1), ask("k", 2)])).toEqual(["answer 1", "answer 2"]);
  expect(await Promise.all(later)).toEqual(["answer 3", "answer 4"]);
  expect(batches).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test("I1 keys do not wait for one another", async () => {
  const ask = createCoalescingQueue<number, string>((key, batch) => {
    if (key === "slow") return new Promise(() => undefined);
    answerAll(batch);
    return Promise.resolve();
  });
  void ask("slow", 1);
  expect(await ask("fast", 2)).toBe("answer 2");
});

test("I2 an error rejects the requests that have no answer yet, and the next batch is handled", async () => {
  let fails = true;
  const ask = createCoalescingQueue<number, string>(async (_key, batch) => {
    if (fails) {
      answerAll(batch.slice(0, 1));
      throw new Error("broken");
    }
    answerAll(batch);
  });
  const results = await Promise.allSettled([ask("k", 1), ask("k", 2)]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  fails = false;
  expect(await ask("k", 3)).toBe("answer 3");
});

test("a batch can be limited", async () => {
  const batches: number[][] = [];
  const ask = createCoalescingQueue<number, string>(
    async (_key, batch) => {
      batches.push(requestsOf(batch));
      answerAll(batch);
    },
    (queue) => queue.splice(0, 2),
  );
  await Promise.all([1, 2, 3].map((request) => ask("k", request)));
  expect(batches).toEqual([[1, 2], [3]]);
});
