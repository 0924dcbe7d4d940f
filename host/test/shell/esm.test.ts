import { expect, test } from "vitest";
import { serveTestApp } from "./served-app.js";

test("an app of ES modules, with await at the top and no route prefix, knows its host's address", async () => {
  const app = await serveTestApp("esm");
  const answer = await app.fetch("/");
  expect(await answer.json()).toEqual({ started: "awaited at the top", host: new URL(app.host.url).host });
  await app.close();
});
