import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { InvocationContext } from "@azure/functions";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type Orchestrations, orchestrationsBinding, orchestrationsOf } from "../../../src/durable/client.js";
import { orchestrationContract } from "../../../src/durable/contract.js";

interface Recorded {
  status: number;
  body?: unknown;
}

/** What the extension answers next, whatever it is asked. */
let answers: Recorded[] = [];
let server: Server;
let orchestrations: Orchestrations;

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    const { status, body } = answers.shift() ?? { status: 500 };
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const context = new InvocationContext({ options: { extraInputs: [orchestrationsBinding] } });
  context.extraInputs.set(orchestrationsBinding, {
    taskHubName: "Hub",
    creationUrls: {},
    managementUrls: { id: "INSTANCEID" },
    rpcBaseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/durabletask/`,
  });
  orchestrations = orchestrationsOf(context);
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const row = {
  ...{ name: "item-batch", instanceId: "child", runtimeStatus: "Running", input: null, customStatus: null },
  ...{ output: null, createdTime: "2026-11-21T07:13:05Z", lastUpdatedTime: "2026-11-21T07:13:06Z" },
};
/** How the extension answers for a row that was merged after a crash and has no `RuntimeStatus`. */
const invalidRow = {
  status: 500,
  body: {
    Message: "Something went wrong while processing your request",
    ExceptionMessage: " is not a valid OrchestrationStatus value.",
    ExceptionType: "System.ArgumentException",
    StackTrace: "",
  },
};

test("a status is shown", async () => {
  answers = [{ status: 202, body: row }];
  expect(await orchestrations.getStatus("child")).toMatchObject({ runtimeStatus: "Running", steps: [] });
});

test.each<[string, Recorded]>([
  ["a row without a status", invalidRow],
  ["a status of null", { status: 202, body: { ...row, runtimeStatus: null } }],
  ["no status", { status: 202, body: { ...row, runtimeStatus: undefined } }],
  ["a status that nobody knows", { status: 202, body: { ...row, runtimeStatus: "" } }],
  ["no name", { status: 202, body: { ...row, name: null } }],
  ["no times", { status: 202, body: { ...row, createdTime: null, lastUpdatedTime: null } }],
  ["nothing", { status: 202 }],
])("an instance of which the hub answers %s is pending", async (_, answer) => {
  answers = [answer];
  expect(await orchestrations.getStatus("child")).toEqual({
    runtimeStatus: "Pending",
    steps: [],
    itemSteps: new Map(),
    blockedReason: undefined,
    output: undefined,
  });
  answers = [{ status: 409, body: {} }, answer];
  const contract = orchestrationContract({ name: "item-batch", input: z.object({}), output: z.object({}) });
  await orchestrations.start(contract, "child", {});
});

test.each<[string, Recorded]>([
  ["404", { status: 404 }],
  ["404 with a body", { status: 404, body: { Message: "gone" } }],
])("an instance that the hub does not know is undefined (%s)", async (_, answer) => {
  answers = [answer];
  expect(await orchestrations.getStatus("child")).toBeUndefined();
});

test.each<[string, Recorded]>([
  ["an error of the hub", { status: 500, body: { ExceptionMessage: "The blob 404 was not found" } }],
  ["a busy hub", { status: 503, body: {} }],
])("%s is thrown", async (_, answer) => {
  answers = [answer];
  await expect(orchestrations.getStatus("child")).rejects.toThrow(String(answer.status));
  answers = [answer];
  await expect(orchestrations.raise("child", "wake", {})).rejects.toThrow(String(answer.status));
});

test.each<[string, Recorded]>([
  ["gone", { status: 404 }],
  ["finished", { status: 410 }],
  ["without a status", invalidRow],
])("an event for an instance that is %s is dropped", async (_, answer) => {
  answers = [answer];
  await orchestrations.raise("child", "wake", {});
  expect(answers).toEqual([]);
});
