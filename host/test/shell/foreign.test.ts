import { expect, test } from "vitest";
import { serveTestApp } from "./served-app.js";

test("functions with bindings that the host does not serve are named at start, and the others run", async () => {
  const app = await serveTestApp("foreign");
  expect(app.log.filter((entry) => entry.level === "warning").map((entry) => entry.message)).toEqual([
    expect.stringMatching(/^Function "onMessage" is not served: .*queueTrigger.*Core Tools/),
    expect.stringMatching(/^Function "writes" is not served: .*queue\b.*own client/),
  ]);
  expect((await app.fetch("/api/writes")).status).toBe(404);
  expect(await (await app.fetch("/api/reads")).text()).toBe("fine");
  await app.close();
});
