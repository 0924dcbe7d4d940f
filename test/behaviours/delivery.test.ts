import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { HttpPlan, refusalOf, stepsNamed } from "../support/http-plan.js";
import { RunningApp } from "../support/running-app.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = async (file: string) => JSON.parse(await readFile(join(ROOT, file), "utf8")) as Record<string, object>;

const app = RunningApp.shared("quick");

describe("the card", () => {
  test("C1 the packages named are what it is built and tested with", async () => {
    const { dependencies, devDependencies } = await read("package.json");
    expect(Object.keys(dependencies ?? {})).toEqual(
      expect.arrayContaining(["durable-functions", "@azure/functions", "@azure/data-tables", "zod"]),
    );
    expect(Object.keys(devDependencies ?? {})).toEqual(expect.arrayContaining(["vitest", "azurite"]));
    const malformed = app.client.call(ROUTES.savePlan, { params: { planId: "x" }, body: { id: "x" } as never });
    expect((await refusalOf(malformed)).fields?.map(({ path }) => path)).toContain("groups"); // zod at the boundary
  });

  test("C2 laid out as a Functions app, whose functions the host serves", async () => {
    const top = await readdir(ROOT);
    expect(top).toEqual(
      expect.arrayContaining(["package.json", "tsconfig.json", "host.json", "local.settings.json", "src", "test"]),
    );
    expect(await readdir(join(ROOT, "src"))).toEqual(
      expect.arrayContaining(["functions", "orchestrators", "activities"]),
    );
    const { body } = await app.client.call(ROUTES.openApi, { params: {} });
    expect(Object.keys(body["paths"] as object)).toContain("/api/recovery-plans/{planId}/executions");
  });

  test("C3 shut down, choose the point, fail over group by group, await validation, commit, reprotect", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure");
    const run = await plan.run("full-run");
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

  test("C4 what the emulated hypervisor does is in Table Storage, and its faults reach the activities", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure");
    await plan.refuseShutdown("db");
    const refused = await plan.attempt("planned-failover");
    expect(refused.failure?.code).toBe("shutdown-failed");
    const rows = await app.dump();
    expect(rows).toContain(refused.executionId);
    expect(rows).toContain(plan.worldId);
    expect(rows).toContain("shut-down-source");
  });

  test("C5 a request starts the plan, is answered with where to look, and is the same when repeated", async () => {
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
