import { expect, test } from "vitest";
import { RunningApp } from "../support/running-app.js";

const app = RunningApp.shared("realistic");

test("one of ten concurrent creates of a plan succeeds, and one of ten concurrent saves of a version", async () => {
  const { worldId } = await app.loadShop();
  const plan = await app.samplePlan(worldId);
  const send = async (name: string, headers: Record<string, string>) => {
    const answer = await fetch(`${app.url}/api/recovery-plans/${plan.id}`, {
      method: "PUT",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ ...plan, name }),
    });
    return { status: answer.status, etag: answer.headers.get("etag") ?? "" };
  };
  const tenTimes = (headers: Record<string, string>) =>
    Promise.all(Array.from({ length: 10 }, (_, index) => send(`Plan ${index}`, headers)));

  const created = await tenTimes({});
  const [won] = created.filter(({ status }) => status < 300);
  expect(created.map(({ status }) => status).sort()).toEqual([won?.status, ...Array(9).fill(409)]);
  const saved = await tenTimes({ "if-match": won?.etag ?? "" });
  expect(saved.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(412)]);
});
