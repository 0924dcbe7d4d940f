import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { REPROTECT } from "../support/estates.js";
import { HttpPlan, refusalOf, stepsNamed } from "../support/http-plan.js";
import { RunningApp } from "../support/running-app.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The packages that the built app imports; those of Node are left out. */
async function importedPackages(): Promise<string[]> {
  const folder = join(ROOT, "dist/src");
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".js"));
  const sources = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  const names = sources.flatMap((text) => [...text.matchAll(/from "([^"]+)"/g)].map(([, name = ""]) => name));
  return [...new Set(names.filter((name) => !name.startsWith(".") && !name.startsWith("node:")))].sort();
}

/** The functions that the host found in the app, each with the kind of its trigger. */
async function servedFunctions(): Promise<Map<string, string>> {
  const answer = await fetch(`${app.url}/admin/functions`);
  const functions = (await answer.json()) as { name: string; config: { bindings: { type: string }[] } }[];
  return new Map(functions.map(({ name, config }) => [name, config.bindings[0]?.type ?? "none"]));
}

const app = RunningApp.shared("quick");

describe("what is delivered", () => {
  test("C1 the built app imports the Functions stack and declares exactly its imports; vitest tests it over Azurite", async () => {
    const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as Record<string, object>;
    const imported = await importedPackages();
    expect(imported).toEqual(Object.keys(manifest["dependencies"] ?? {}).sort());
    expect(imported).toEqual(
      expect.arrayContaining(["durable-functions", "@azure/functions", "@azure/data-tables", "zod"]),
    );
    expect(process.env["VITEST"]).toBe("true");
    const [, tables = ""] = /TableEndpoint=([^;]+)/.exec(inject("storage")) ?? [];
    expect((await fetch(tables)).headers.get("server")).toMatch(/^Azurite-Table/);
    const malformed = app.client.call(ROUTES.savePlan, { params: { planId: "x" }, body: { id: "x" } as never });
    expect((await refusalOf(malformed)).fields?.map(({ path }) => path)).toContain("groups"); // zod checks what comes in
  });

  test("C2 a Functions host finds the triggers, orchestrators and activities of the app, and serves its routes", async () => {
    const functions = await servedFunctions();
    expect(functions.get("planned-failover")).toBe("orchestrationTrigger");
    expect(functions.get("execute-batch")).toBe("activityTrigger");
    expect(new Set(functions.values())).toEqual(
      new Set(["httpTrigger", "timerTrigger", "orchestrationTrigger", "activityTrigger"]),
    );
    const { body } = await app.client.call(ROUTES.openApi, { params: {} });
    expect(Object.keys(body["paths"] as object)).toContain("/api/recovery-plans/{planId}/executions");
  });

  test("C2 host.json names the extension bundle that holds the Durable extension, without which a genuine host finds no trigger", async () => {
    const { extensionBundle } = JSON.parse(await readFile(join(ROOT, "host.json"), "utf8")) as {
      extensionBundle: { id: string; version: string };
    };
    expect(extensionBundle.id).toBe("Microsoft.Azure.Functions.ExtensionBundle");
    const [, from = "", below = ""] = /^\[(\d+)\.\d+\.\d+, (\d+)\.0\.0\)$/.exec(extensionBundle.version) ?? [];
    expect([Number(from), Number(below)]).toEqual([4, 5]); // version 4 of the bundle has version 3 of the extension
  });

  test("C2 a genuine host that crashed stands still for one minute, and each call of an activity is done in half of it", async () => {
    const { extensions } = JSON.parse(await readFile(join(ROOT, "host.json"), "utf8")) as {
      extensions: { durableTask: { storageProvider: Record<string, string> } };
    };
    expect(extensions.durableTask.storageProvider).toEqual({
      controlQueueVisibilityTimeout: "00:01:00",
      workItemQueueVisibilityTimeout: "00:01:00",
    });
    // Only the call of a webhook waits for somebody else; all other activities ask again later.
    const url = "https://hooks.example.com";
    const withCall = (timeoutSeconds: number) => ({
      ...{ id: "p", name: "P", worldId: "w" },
      groups: [
        {
          ...{ id: "g", name: "G", items: [{ id: "i" }] },
          before: [{ id: "call", name: "Call", kind: "webhook", url, timeoutSeconds, failoverTypes: ["planned"] }],
        },
      ],
    });
    const accepts = (seconds: number) => ROUTES.savePlan.body.safeParse(withCall(seconds)).success;
    expect([30, 31].map(accepts)).toEqual([true, false]);
  });

  test("C3 a full run shuts down, chooses the point, fails over group by group, awaits validation, commits and reprotects", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure");
    const run = await plan.run("full-run", REPROTECT);
    const begun = (id: string) => Math.min(...stepsNamed(run, id).map(({ startedAt }) => Date.parse(startedAt ?? "")));
    const ended = (id: string) => Math.max(...stepsNamed(run, id).map(({ endedAt }) => Date.parse(endedAt ?? "")));
    const order = ["shutdown", "groups/data", "groups/front", "validation", "commit", "reprotect"];
    for (const [index, id] of order.slice(1).entries()) {
      expect(ended(order[index] ?? ""), `${order[index]} before ${id}`).toBeLessThanOrEqual(begun(id));
    }
    expect(ended("choose-recovery-point")).toBeLessThanOrEqual(begun("promote-replica"));
    expect(ended("promote-replica")).toBeLessThanOrEqual(begun("validation"));
    expect(await plan.positions()).toEqual(["protected, recovery-to-primary, at away"]);
  });

  test("C4 the emulated hypervisor keeps its state in Table Storage, and its faults reach the activities", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure");
    await plan.refuseShutdown("db");
    const refused = await plan.attempt("planned-failover");
    expect(refused.failure?.code).toBe("shutdown-failed");
    const rows = await app.dump();
    expect(rows).toContain(refused.executionId);
    expect(rows).toContain(plan.worldId);
    expect(rows).toContain("shut-down-source");
  });

  test("C5 a request starts the plan and gets its location, and a repeated request gets the same answer", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure");
    const start = () =>
      app.client.call(ROUTES.startOnPlan, {
        params: { planId: plan.planId },
        headers: { "idempotency-key": plan.planId },
        body: { verb: "test-failover" },
      });
    const { status, headers, body } = await start();
    expect(status).toBe(202);
    expect(headers.get("location")).toBe(`/api/executions/${body.executionId}`);
    expect((await start()).body).toEqual(body);
    const seen = await fetch(new URL(headers.get("location") ?? "", app.url));
    expect(((await seen.json()) as { verb: string }).verb).toBe("test-failover");
    expect((await app.ended(body.executionId)).status).toBe("succeeded");
  });
});
