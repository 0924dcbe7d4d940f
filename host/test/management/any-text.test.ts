import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { APP_FOLDER } from "../conformance/bench.js";
import { ApiClient } from "./api-client.js";
import { type DurableHost, openDurableHost } from "./durable-host.js";

let host: DurableHost;
let api: ApiClient;

beforeAll(async () => {
  host = await openDurableHost(inject("storage"), APP_FOLDER);
  api = new ApiClient(host);
});
afterAll(() => host.close());

/** What Azurite, JSON and URLs treat in a special way. */
const TEXTS = ["a\u2028b\u2029c", "\u0085\ufeff\u0000", 'quote" back\\slash % & + # ?', "\u{1f44d}\uffff"];

const post = (path: string, body: unknown = {}) => api.ask("POST", path, JSON.stringify(body));
const shown = async (id: string, runtimeStatus: string): Promise<unknown> =>
  (await api.ask("GET", `instances/${await api.reaches(id, runtimeStatus)}`)).body;

test.each(TEXTS)("%j reaches and leaves an instance unchanged", async (text) => {
  const reason = encodeURIComponent(text);
  const id = await api.start("Event", { text });
  await api.reaches(id, "Running");
  await post(`instances/${id}/suspend?reason=${reason}`);
  expect(await shown(id, "Suspended")).toMatchObject({ input: { text }, output: text });
  await post(`instances/${id}/resume?reason=${reason}`);
  expect(await shown(id, "Running")).toMatchObject({ output: text });
  expect((await post(`instances/${id}/raiseEvent/${reason}`, { text })).status).toBe(202);
  expect((await post(`instances/${id}/raiseEvent/Go`, { [text]: text })).status).toBe(202);
  expect(await shown(id, "Completed")).toMatchObject({ output: { [text]: text } });
});

test.each(TEXTS)("%j is a reason to terminate", async (text) => {
  const id = await api.start("Event", null);
  await api.reaches(id, "Running");
  await post(`instances/${id}/terminate?reason=${encodeURIComponent(text)}`);
  expect(await shown(id, "Terminated")).toMatchObject({ output: text });
});

test.each([...TEXTS, "half\ud800"])("%j is the input and the result of tasks and of a child", async (text) => {
  const id = await api.start("Echo", { text });
  const output = { activity: text, child: text, failure: true };
  expect(await shown(id, "Completed")).toMatchObject({ output, customStatus: { text } });
});

test("an id that the storage cannot have is refused at once, and nothing has it", async () => {
  const id = encodeURIComponent("no\uffff");
  expect((await post(`orchestrators/Event/${id}`)).status).toBe(400);
  expect((await api.ask("GET", `instances/${id}`)).status).toBe(404);
  expect((await post(`instances/${id}/raiseEvent/Go`)).status).toBe(404);
  expect((await api.ask("DELETE", `instances/${id}`)).status).toBe(404);
});
