import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServedTestApp, serveTestApp } from "./served-app.js";

let app: ServedTestApp;

beforeAll(async () => {
  app = await serveTestApp("streaming");
});
afterAll(() => app.close());

test("the answer begins before the request has ended", async () => {
  const sent = request(`${app.host.url}/api/upper/abc?q=1`, {
    method: "POST",
    headers: { "X-Sent": "yes", "x-ms-invocation-id": "of the caller" },
  });
  sent.write("first ");
  const answer = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve).once("error", reject);
  });
  expect(answer.statusCode).toBe(203);
  expect(answer.headers).toMatchObject({ "x-word": "abc", "x-query": "1", "x-sent": "yes", "set-cookie": ["c=1"] });
  expect(answer.headers).not.toHaveProperty("x-ms-invocation-id");
  const chunks = answer[Symbol.asyncIterator]();
  expect(String((await chunks.next()).value)).toBe("FIRST ");
  sent.end("second");
  expect(String((await chunks.next()).value)).toBe("SECOND");
  expect((await chunks.next()).done).toBe(true);
});

test.each([
  ["throws", 500],
  ["nothing", 204],
])("a function that %s gives %i with an empty body", async (name, status) => {
  const answer = await app.fetch(`/api/${name}`);
  expect({ status: answer.status, text: await answer.text() }).toEqual({ status, text: "" });
});

test("many requests at once don't mix", async () => {
  const words = Array.from({ length: 20 }, (_, index) => `word${index}`);
  const answers = await Promise.all(
    words.map(async (word) => (await app.fetch(`/api/upper/${word}`, { method: "POST", body: word })).text()),
  );
  expect(answers).toEqual(words.map((word) => word.toUpperCase()));
});
