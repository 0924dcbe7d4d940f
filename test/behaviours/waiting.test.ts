import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROUTES } from "../../src/api/routes.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";
import { items } from "../support/estate-changes.js";
import { PROCESS_SERVER, REPROTECT } from "../support/estates.js";
import { HttpPlan, refusalOf, stepsNamed } from "../support/http-plan.js";
import { poll, RunningApp } from "../support/running-app.js";

const AT_ONCE = { reprotect: { datastoreId: "ssd" } } as const;

/** Emulated seconds per second. Slow enough to see operations that take minutes while they run. */
const SPEED = 120;

let app: RunningApp;
beforeAll(async () => {
  app = await RunningApp.start({ EMULATOR_SPEED: String(SPEED) });
});
afterAll(() => app.stop());

/**
 * Fails a machine over on a host whose emulated time is as slow as real time, so its agent is missing for minutes.
 * `hurry` replaces the host by a fast one, where the agent registers at once.
 */
async function beforeItsAgent(run: (plan: HttpPlan, hurry: () => Promise<HttpPlan>) => Promise<void>): Promise<void> {
  let host = await RunningApp.start({ EMULATOR_SPEED: "1", EMULATOR_DURATIONS: "zero" });
  try {
    const plan = await HttpPlan.load(host, "vmware-to-azure", items({ changeRateMbPerSecond: 0 }));
    await plan.attemptOn("db", "unplanned-failover", { sourceShutdown: "skip" });
    await plan.attemptOn("db", "commit");
    await run(plan, async () => {
      host = await host.killAndRestart();
      return plan.on(host);
    });
  } finally {
    await host.stop();
  }
}

/** Makes a physical server and a VMware machine with the same system and disks, in one group of the plan. */
function twins(world: WorldInput): void {
  world.machines = world.machines.map((machine) => ({ ...machine, osFamily: "windows", os: "Windows Server 2022" }));
  const [, app, web] = world.items ?? [];
  Object.assign(app ?? {}, { scenario: "physical-to-azure" });
  Object.assign(web ?? {}, { scenario: "vmware-to-azure" });
  Object.assign(world.machines[2] ?? {}, { form: "vm", hostId: "esx-2", datastoreId: "ssd" });
}

describe.concurrent("operations that take minutes", { timeout: 120_000 }, () => {
  test("P8 a physical server starts minutes later than a similar VMware machine", async () => {
    const plan = await HttpPlan.load(app, "physical-to-azure", twins);
    const moved = await plan.run("unplanned-failover", { sourceShutdown: "skip" });
    const seconds = (itemId: string) =>
      moved.outcomes?.find((outcome) => outcome.itemId === itemId)?.recoverySeconds ?? Number.NaN;
    // 8 to 10 minutes, plus or minus 20 %. Both are in one execution, so that other delays affect both.
    expect(seconds("app")).toBeGreaterThan(480 * 0.8);
    expect(promotionSeconds(moved, "app") - promotionSeconds(moved, "web")).toBeGreaterThan(300);
  });

  test("F7 a reprotect with waitForAgent waits for the agent and continues", async () => {
    const plan = await HttpPlan.load(app, "vmware-to-azure", items({ changeRateMbPerSecond: 0 }));
    await plan.attemptOn("db", "unplanned-failover", { sourceShutdown: "skip" });
    await plan.attemptOn("db", "commit");
    const turned = await plan.attemptOn("db", "reprotect", REPROTECT);
    expect(turned.status).toBe("succeeded");
    expect(stepsNamed(turned, "await-agent").map(({ status }) => status)).toEqual(["succeeded"]);
    expect((await plan.item("db")).live.agentRegistered).toBe(true);
  });

  test("V4 a process server is deployed as a job of 10 to 15 minutes", async () => {
    const { worldId } = await HttpPlan.load(app, "vmware-to-azure");
    const params = { worldId, siteId: "away", processServerId: "ps-new" };
    const deploy = () =>
      app.client.call(ROUTES.deployProcessServer, { params, body: { ...PROCESS_SERVER, name: "PS of Azure" } });
    const before = Date.now();
    const first = await deploy();
    const after = Date.now();
    expect(first).toMatchObject({ status: 202, body: { state: "deploying", server: null } });
    const readyMs = Date.parse(first.body.readyAt ?? "");
    expect(readyMs - before).toBeGreaterThanOrEqual((10 * 60_000) / SPEED - 1);
    expect(readyMs - after).toBeLessThanOrEqual((15 * 60_000) / SPEED + 1);
    const done = await poll(deploy, ({ body }) => body.state === "deployed");
    expect(done).toMatchObject({
      status: 200,
      body: { server: { id: "ps-new", openPorts: [443, 9443], name: "PS of Azure", ...PROCESS_SERVER } },
    });
  });

  test("F7 a reprotect is refused until the agent has registered, and succeeds when repeated", () =>
    beforeItsAgent(async (slow, hurry) => {
      const { findings } = await slow.unmet("reprotect");
      const found = findings.find(({ code, itemId }) => code === "agent-registered" && itemId === "db")?.found;
      expect(found).toContain("agent not installed");
      const early = await refusalOf(slow.attemptOn("db", "reprotect", AT_ONCE));
      expect(early.detail).toContain("agent not installed");
      expect((await slow.item("db")).state).toBe("committed");

      const plan = await hurry();
      await poll(
        () => plan.item("db"),
        ({ live }) => live.agentRegistered,
      );
      expect((await plan.attemptOn("db", "reprotect", AT_ONCE)).status).toBe("succeeded");
    }));
});

function promotionSeconds({ steps }: Awaited<ReturnType<HttpPlan["run"]>>, itemId: string): number {
  const find = (candidates: typeof steps): (typeof steps)[number] | undefined =>
    candidates
      .flatMap((step) =>
        step.itemId === itemId && step.id.endsWith("promote-replica") ? [step] : (find(step.children ?? []) ?? []),
      )
      .at(0);
  const step = find(steps);
  return ((Date.parse(step?.endedAt ?? "") - Date.parse(step?.startedAt ?? "")) / 1_000) * SPEED;
}
