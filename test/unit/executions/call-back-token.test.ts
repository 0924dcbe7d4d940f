import { expect, test } from "vitest";
import type { Execution } from "../../../src/domain/execution.js";
import { askOfToken, callBackSecretOf, callBackToken } from "../../../src/executions/call-back-token.js";
import { createStore } from "../../../src/store/store.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";

const executionId = "00000000-0000-8000-8000-000000000001";
const execution: Execution = {
  executionId,
  idempotencyKey: "key",
  worldId: "w",
  subject: { kind: "item", itemId: "a" },
  verb: "commit",
  direction: "primary-to-recovery",
  planHash: null,
  itemIds: ["a"],
  options: {
    sourceShutdown: "attempt",
    reprotect: { location: "original", waitForAgent: false },
    acknowledgeNoTest: false,
  },
  requestedBy: "me",
  requestedAt: "2026-01-01T00:00:00.000Z",
  status: "running",
};

test("T1 a token is for one action and one time that it was asked for", () => {
  const token = callBackToken("secret", "dns", 2);
  expect(askOfToken("secret", "dns", token)).toBe(2);
  expect(askOfToken("secret", "mail", token)).toBeNull();
  expect(askOfToken("other", "dns", token)).toBeNull();
  const [, digest = ""] = token.split(".");
  for (const forged of [`1.${digest}`, `3.${digest}`, digest, "", "2.", `2.${digest}x`, `02.${digest}`]) {
    expect(askOfToken("secret", "dns", forged), forged).toBeNull();
  }
});

test("T2 the first one to need the secret makes it, and everybody gets that one", async () => {
  const store = createStore(createMemoryTables());
  await store.createExecution(execution);
  const made = await Promise.all([1, 2, 3].map(() => callBackSecretOf({ store }, executionId)));
  expect(new Set(made).size).toBe(1);
  expect(await callBackSecretOf({ store }, executionId)).toBe(made[0]);
  expect((await store.getExecution(executionId))?.value.callBackSecret).toBe(made[0]);
});
