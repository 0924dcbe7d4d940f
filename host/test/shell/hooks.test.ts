import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServedTestApp, serveTestApp } from "./served-app.js";

let app: ServedTestApp;

beforeAll(async () => {
  app = await serveTestApp("hooks");
});
afterAll(() => app.close());

const textOf = async (name: string): Promise<string> => (await app.fetch(`/api/${name}`)).text();

test("a hook before the call may replace the function", async () => {
  expect(await textOf("replaced")).toBe("by the hook");
});

test("a hook after the call may turn an error into a result, and shares data with the one before", async () => {
  expect(await textOf("rescued")).toBe("rescued true");
});

test("what belongs to the host can't be assigned: the call fails", async () => {
  expect((await app.fetch("/api/assigns")).status).toBe(500);
});

test("a log hook may change a line, which names function, invocation and level", async () => {
  await textOf("logs");
  expect(app.log).toContainEqual({
    level: "warning",
    message: "the *** is 7",
    fields: { category: "Function.logs.User", function: "logs", invocationId: expect.any(String) },
  });
});

test("functions are registered during start-up only", async () => {
  expect(await textOf("late")).toMatch(/only registered during app startup/);
});

test("start and terminate hooks run once each and share data", async () => {
  const other = await serveTestApp("hooks");
  await other.close();
  await other.host.stop();
  const { seenByHooks } = globalThis as unknown as { seenByHooks: string[] };
  expect(seenByHooks.filter((entry) => entry.startsWith("appTerminate"))).toEqual(["appTerminate true"]);
});
