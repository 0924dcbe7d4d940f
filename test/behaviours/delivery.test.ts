import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import { QUICK, refusalOf, refuse, stepsNamed } from "../support/estate-changes.js";
import { Journey } from "../support/http-plan.js";
import { Product } from "../support/running-app.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = async (file: string) => JSON.parse(await readFile(join(ROOT, file), "utf8")) as Record<string, object>;

let product: Product;
beforeAll(async () => {
  product = await Product.start(QUICK);
});
afterAll(() => product.stop());

describe("the card", () => {
  test("C1 the packages named are what it is built and tested with", async () => {
    const { dependencies, devDependencies } = await read("package.json");
    expect(Object.keys(dependencies ?? {})).toEqual(
      expect.arrayContaining(["durable-functions", "@azure/functions", "@azure/data-tables", "zod"]),
    );
    expect(Object.keys(devDependencies ?? {})).toEqual(expect.arrayContaining(["vitest", "azurite"]));
    const malformed = product.client.call(ROUTES.savePlan, { params: { planId: "x" }, body: { id: "x" } as never });
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
    const { body } = await product.client.call(ROUTES.openApi, { params: {} });
    expect(Object.keys(body["paths"] as object)).toContain("/api/recovery-plans/{planId}/executions");
  });

  test("C3 shut down, choose the point, fail over group by group, await validation, commit, reprotect", async () => {
    const journey = await Journey.begin(product, "vmware-to-azure");
    const run = await journey.does("full-run");
    const begun = (id: string) => Math.min(...stepsNamed(run, id).map(({ startedAt }) => Date.parse(startedAt ?? "")));
    const ended = (id: string) => Math.max(...stepsNamed(run, id).map(({ endedAt }) => Date.parse(endedAt ?? "")));
    const order = ["shutdown", "groups/data", "groups/front", "validation", "commit", "reprotect"];
    for (const [index, id] of order.slice(1).entries()) {
      expect(ended(order[index] ?? ""), `${order[index]} before ${id}`).toBeLessThanOrEqual(begun(id));
    }
    expect(ended("choose-recovery-point")).toBeLessThanOrEqual(begun("promote-replica"));
    expect(ended("promote-replica")).toBeLessThanOrEqual(begun("validation"));
    expect(await journey.where()).toEqual(["protected, recovery-to-primary, at away"]);
  });

  test("C4 what the emulated hypervisor does is in Table Storage, and its faults reach the activities", async () => {
    const journey = await Journey.begin(product, "vmware-to-azure");
    await refuse(journey, "db", "shut-down-source");
    const refused = await journey.run("planned-failover");
    expect(refused.failure?.code).toBe("shutdown-failed");
    const rows = await product.dump();
    expect(rows).toContain(refused.executionId);
    expect(rows).toContain(journey.worldId);
    expect(rows).toContain("shut-down-source");
  });

  test("C5 a request starts the plan, is answered with where to look, and is the same when repeated", async () => {
    const journey = await Journey.begin(product, "vmware-to-azure");
    const start = () =>
      product.client.call(ROUTES.startOnPlan, {
        params: { planId: journey.planId },
        headers: { "idempotency-key": journey.planId },
        body: { verb: "test-failover" },
      });
    const { status, headers, body } = await start();
    expect(status).toBe(202);
    expect(headers.get("location")).toBe(`/api/executions/${body.executionId}`);
    expect((await start()).body).toEqual(body);
    const seen = await fetch(new URL(headers.get("location") ?? "", product.url));
    expect(((await seen.json()) as { verb: string }).verb).toBe("test-failover");
    expect((await product.ended(body.executionId)).status).toBe("succeeded");
  });
});
