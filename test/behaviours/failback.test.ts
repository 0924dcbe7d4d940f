import { describe, expect, test } from "vitest";
import {
  grouped,
  link,
  pointsOf,
  preview,
  REPROTECT,
  refusalOf,
  site,
  stepsNamed,
  there,
  thereAndProtected,
  unmet,
  until,
} from "../support/estate-changes.js";
import type { Journey } from "../support/http-plan.js";
import { running } from "../support/running.js";

const { begin } = running("vmware-to-azure");
const asked = { datastoreId: "ssd", waitForAgent: "true" } as const;

/** Waits until every item has an app-consistent point of the way home. */
const appConsistentPoints = (journey: Journey) =>
  until(
    () => Promise.all(["db", "app", "web"].map((itemId) => pointsOf(journey, itemId))),
    (answers) => answers.every(({ points }) => points.some(({ consistency }) => consistency === "app-consistent")),
  );

describe.concurrent("failback of VMware machines and physical servers", { timeout: 120_000 }, () => {
  const missing = [
    ["process-server", site("away", { processServers: [] })],
    ["master-target", site("home", { masterTargets: [] })],
    ["failback-link", link({ kind: "internet" })],
  ] as const;

  test.for(missing)("F1 without %s there is no way home", async ([code, spoil]) => {
    const journey = await begin(spoil);
    await there(journey);
    const { ready, errors } = await unmet(journey, "reprotect", asked);
    expect({ ready, errors }).toEqual({ ready: false, errors: [code] });
    expect((await journey.run("reprotect", REPROTECT)).failure?.code).toBe("prerequisites-failed");
    expect(await journey.where()).toEqual(["committed, primary-to-recovery, at away"]);
  });

  test("F2 of a plan every machine must have been reprotected, and have a point", async () => {
    const journey = await begin();
    await there(journey);
    for (const itemId of ["db", "app"]) await journey.runOn(itemId, "reprotect", REPROTECT);
    const refused = await refusalOf(journey.run("failback"));
    expect(refused).toMatchObject({ status: 409, code: "verb-not-allowed" });
    expect(refused.detail).toContain("item web");
    expect((await refusalOf(journey.runOn("web", "failback"))).detail).toContain("reprotect");
    expect((await pointsOf(journey, "db")).points.length).toBeGreaterThan(0);
    await journey.does("reprotect", REPROTECT);
    await journey.does("failback");
    expect(await journey.where()).toEqual(["failed-over, recovery-to-primary, at home"]);
  });

  test("F3 latest unless asked otherwise; app-consistent lies behind it and loses more", async () => {
    const journey = await begin();
    await thereAndProtected(journey);
    await appConsistentPoints(journey);
    const latest = await preview(journey);
    const consistent = await preview(journey, { kind: "latest-app-consistent" });
    expect(latest.choice.kind).toBe("latest");
    expect(consistent.items.every(({ point }) => point?.consistency === "app-consistent")).toBe(true);
    expect(consistent.worstLossSeconds).toBeGreaterThan(latest.worstLossSeconds ?? Number.POSITIVE_INFINITY);
    const options = { sourceShutdown: "skip", recoveryPoint: { kind: "latest-app-consistent" } } as const;
    const back = await journey.does("failback", options);
    expect(back.outcomes?.map(({ recoveryPoint }) => recoveryPoint?.consistency)).toEqual(
      Array(3).fill("app-consistent"),
    );
    expect(back.outcomes?.every(({ dataLoss }) => (dataLoss?.writes ?? 0) > 0)).toBe(true);
  });

  test("F4 in a group, latest is each machine's own and app-consistent one point of all", async () => {
    const journey = await begin(grouped);
    await thereAndProtected(journey);
    await appConsistentPoints(journey);
    const latest = await preview(journey, { kind: "latest" });
    expect(latest.items.map(({ answer }) => answer)).toEqual(Array(3).fill("made-at-start")); // each of its own data
    const back = await journey.does("failback", { recoveryPoint: { kind: "latest-app-consistent" } });
    const [, app, web] = back.outcomes?.map(({ recoveryPoint }) => recoveryPoint) ?? [];
    expect(app).toEqual(web);
    expect(app).toMatchObject({ replicationGroupId: "front", consistency: "app-consistent" });
  });

  test("F5 the Azure machines are shut down, and the commit removes them", async () => {
    const journey = await begin();
    await thereAndProtected(journey);
    const back = await journey.does("failback");
    expect(stepsNamed(back, "shut-down-source").map(({ status }) => status)).toEqual(Array(3).fill("succeeded"));
    expect((await journey.items()).map(({ standing }) => standing.leftBehind)).toEqual(
      Array(3).fill(["machine", "disks"]),
    );
    const committed = await journey.does("commit");
    expect(stepsNamed(committed, "remove-old-machine").map(({ detail }) => detail)).toContainEqual(
      "removed db and its interfaces, disks of db",
    );
    expect((await journey.items()).map(({ standing }) => standing.leftBehind)).toEqual(Array(3).fill([]));
  });

  test("F6 VMware tools of Windows machines are disabled in Azure and run again at home", async () => {
    const journey = await begin();
    const toolsOf = async () => (await journey.items()).map(({ itemId, standing }) => [itemId, standing.tools]);
    await there(journey);
    expect(await toolsOf()).toEqual(
      expect.arrayContaining([
        ["db", "disabled"],
        ["app", "disabled"],
      ]),
    );
    await journey.does("reprotect", REPROTECT);
    await journey.does("failback");
    expect(await toolsOf()).toEqual(
      expect.arrayContaining([
        ["db", "running"],
        ["app", "running"],
      ]),
    );
  });
});
