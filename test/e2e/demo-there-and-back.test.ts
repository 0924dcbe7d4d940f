import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { playThereAndBack } from "../../demo/journey.js";
import { journeyReport } from "../../demo/journey-report.js";
import { loadEstate, readEstate } from "../../demo/operator.js";
import { findSample, readDocument } from "../../demo/samples.js";
import type { Screen } from "../../demo/step-view.js";
import { ROUTES } from "../../src/api/routes.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { WorldInput } from "../../src/domain/worlds/world.js";
import { RunningApp } from "../support/running-app.js";

const FOLDER = fileURLToPath(new URL("../../samples/", import.meta.url));
const SHORTEST = "hyperv-between-sites";

/** Eight verbs, on a machine that may be busy. */
const PATIENCE_MS = 180_000;

const app = RunningApp.shared("realistic");

/** Collects what the demo shows. */
function paper(): Screen & { text: () => string } {
  let written = "";
  return {
    isTerminal: false,
    rows: 24,
    columns: 80,
    write: (text) => {
      written += text;
    },
    text: () => written,
  };
}

test(
  "H1 H2 H6 the demo runs a sample to the other site and back, and reports what it cost",
  async () => {
    const { worldFile, planFile, journey } = await findSample(FOLDER, SHORTEST);
    const screen = paper();
    const loaded = await loadEstate(app.client, await readEstate(worldFile, planFile));
    const travelled = await playThereAndBack(app.client, loaded, journey, screen);

    expect(travelled.stopped).toBeNull();
    expect(travelled.executions.map(({ verb, status }) => `${verb} ${status}`)).toEqual([
      "test-failover succeeded",
      "test-clean-up succeeded",
      "planned-failover succeeded",
      "commit succeeded",
      "reprotect succeeded",
      "failback succeeded",
      "commit succeeded",
      "reprotect succeeded",
    ]);
    expect(screen.text()).toContain("Control of pumping stations (2)");
    const report = journeyReport(travelled, 4_000);
    expect(report).toMatch(/^There: 6 of 6 machines ran .* Lost: nothing\.$/m);
    expect(report).toMatch(/^Back: 6 of 6 machines ran /m);
    expect(report).toMatch(/^Sent back: .*B \(6 set by the failover already\)\.$/m);
    expect(report).toContain("Now: 6 protected at zwolle.");
  },
  PATIENCE_MS,
);

test("H4 a run that cannot continue reports why", async () => {
  const sample = await findSample(FOLDER, SHORTEST);
  const id = "disconnected";
  const world = (await readDocument(sample.worldFile)) as WorldInput;
  const plan = (await readDocument(sample.planFile)) as PlanInput;
  const sites = world.sites.map((site) => ({ ...site, vmmServer: { id: `vmm-${site.id}`, connected: false } }));
  await app.client.call(ROUTES.importWorld, { params: { worldId: id }, body: { ...world, id, sites } });
  await app.client.call(ROUTES.savePlan, { params: { planId: id }, body: { ...plan, id, worldId: id } });
  const loaded = { worldId: id, planId: id };
  const travelled = await playThereAndBack(app.client, loaded, sample.journey, paper());

  expect(travelled.executions.map(({ verb }) => verb)).toEqual(["test-failover", "test-clean-up"]);
  const refused = /No further: planned-failover was refused: .*VMM server.* not connected/;
  expect(journeyReport(travelled, 4_000)).toMatch(refused);
});
