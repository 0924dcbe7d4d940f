import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
let server: Server;
afterEach(async () => {
  await app.close();
  server.close();
});

/** A server that answers with these statuses in turn, and records its requests. */
async function listen(statuses: number[]): Promise<{ url: string; received: unknown[] }> {
  const received: unknown[] = [];
  server = createServer((request, response) => {
    void textOf(request).then((text) => {
      received.push(JSON.parse(text));
      response.writeHead(statuses[received.length - 1] ?? 200).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

const withWebhook = (url: string) => (plan: PlanInput) => ({
  ...plan,
  groups: plan.groups.map((group, index) =>
    index === 1
      ? {
          ...group,
          before: [{ id: "dns", name: "Move DNS", kind: "webhook" as const, url, failoverTypes: ["planned" as const] }],
        }
      : group,
  ),
});

describe("webhook actions", () => {
  for (const replay of ["normal", "every-step"] as const) {
    test(`are tried again until they are answered with success (${replay})`, async () => {
      const { url, received } = await listen([500, 503, 200]);
      app = await VirtualApp.open({ replay });
      await app.loadShop(withWebhook(url));
      const { execution } = await app.attempt("planned-failover");
      expect(execution.status).toBe("succeeded");
      expect(received).toHaveLength(3);
      expect(received[2]).toMatchObject({ actionId: "dns", groupId: "application", failoverType: "planned" });
    });

    test(`that keep failing stop a planned failover (${replay})`, async () => {
      const { url, received } = await listen(Array(10).fill(500));
      app = await VirtualApp.open({ replay });
      await app.loadShop(withWebhook(url));
      const executionId = await app.start("planned-failover");
      await app.confirm(executionId);
      const { execution, steps } = await app.ended(executionId);
      expect(execution).toMatchObject({ status: "failed", failure: { code: "stopped" } });
      expect(steps.find(({ id }) => id === "action/dns")?.error?.code).toBe("action-failed");
      expect(received).toHaveLength(4);
    });
  }
});
