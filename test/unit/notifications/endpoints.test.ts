import { expect, test } from "vitest";
import { Endpoints } from "../../../src/notifications/endpoints.js";

const WELL = { isWell: true, silentUntilMs: 0 };
const ILL = { isWell: false, silentUntilMs: 0 };
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Asks for turns, and notes who has one. */
function visitors(endpoints: Endpoints, endpoint: string, count: number) {
  const turns: NonNullable<Awaited<ReturnType<Endpoints["enter"]>>>[] = [];
  let refused = 0;
  for (let at = 0; at < count; at += 1) {
    void endpoints.enter(endpoint).then((leave) => {
      if (leave === undefined) refused += 1;
      else turns.push(leave);
    });
  }
  return { turns, refused: () => refused };
}

test("an address has four turns at a time, and the others follow; another address has its own", async () => {
  const endpoints = new Endpoints();
  const { turns } = visitors(endpoints, "slow", 6);
  const other = visitors(endpoints, "other", 1);
  await settled();
  expect(turns).toHaveLength(4);
  expect(other.turns).toHaveLength(1);
  turns[0]?.(WELL);
  await settled();
  expect(turns).toHaveLength(5);
});

test("after a failure one at a time, until one succeeds", async () => {
  const endpoints = new Endpoints();
  const { turns } = visitors(endpoints, "dead", 10);
  await settled();
  for (const leave of turns.slice(0, 4)) leave(ILL);
  await settled();
  expect(turns).toHaveLength(5);
  turns[4]?.(ILL);
  await settled();
  expect(turns).toHaveLength(6);
  turns[5]?.(WELL);
  await settled();
  expect(turns).toHaveLength(10);
});

test("an address that failed and is well again says so once", async () => {
  const endpoints = new Endpoints();
  const attempt = async (seen: typeof WELL | undefined) => (await endpoints.enter("x"))?.(seen);
  await attempt(WELL);
  expect(endpoints.takeWellAgain("x")).toBe(false);
  await attempt(ILL);
  await attempt(undefined);
  expect(endpoints.takeWellAgain("x")).toBe(false);
  await attempt(WELL);
  await attempt(WELL);
  expect([endpoints.takeWellAgain("x"), endpoints.takeWellAgain("x")]).toEqual([true, false]);
});

test("whoever comes when a hundred wait is sent away", async () => {
  const { turns, refused } = visitors(new Endpoints(), "slow", 110);
  await settled();
  expect([turns.length, refused()]).toEqual([4, 6]);
});

test("an address that did not answer in time is silent until its next attempt is due, and others are not", async () => {
  const endpoints = new Endpoints();
  const leave = await endpoints.enter("silent");
  leave?.({ isWell: false, silentUntilMs: 1_000 });
  expect(endpoints.silentUntilMs("silent", 999)).toBe(1_000);
  expect(endpoints.silentUntilMs("silent", 1_000)).toBe(0);
  expect(endpoints.silentUntilMs("other", 0)).toBe(0);
});
