import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TableClient } from "@azure/data-tables";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { type Azurite, startAzurite } from "./azurite.js";

let folder: string;
let azurite: Azurite;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "secondsite-test-"));
  azurite = await startAzurite(folder);
});

afterEach(async () => {
  await azurite.stop();
  await rm(folder, { recursive: true, force: true });
});

function tableAt(connectionString: string): TableClient {
  return TableClient.fromConnectionString(connectionString, "Kept", {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
}

test("a row written before SIGTERM is there after a start on the same ports", async () => {
  const table = tableAt(azurite.connectionString);
  await table.createTable();
  await table.createEntity({ partitionKey: "p", rowKey: "r", value: 42 });
  await azurite.stop();
  await expect(table.getEntity("p", "r")).rejects.toThrow();

  azurite = await startAzurite(folder, azurite.ports);

  expect((await table.getEntity("p", "r"))["value"]).toBe(42);
});

test("the shared Azurite of the run is not the one of a test", () => {
  expect(inject("storage")).toContain("TableEndpoint=http://127.0.0.1:");
  expect(inject("storage")).not.toBe(azurite.connectionString);
});
