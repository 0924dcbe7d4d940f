import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { ROUTES } from "../../src/api/routes.js";
import { failurePolicyOf } from "../../src/domain/plans/failure-policy.js";
import { FAILOVERS, type Prerequisite } from "../../src/domain/prerequisites/prerequisite.js";
import { PREREQUISITES } from "../../src/domain/prerequisites/prerequisites.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import { type Broken, STAGES, type StageName } from "../support/broken-estates/estate.js";
import { BROKEN_FOR_FAILBACK, BROKEN_FOR_MINUTES } from "../support/broken-estates/estate-failback.js";
import { BROKEN_FOR_FAILOVER } from "../support/broken-estates/estate-failover.js";
import { BROKEN_FOR_SERVERS } from "../support/broken-estates/estate-servers.js";
import { Repair } from "../support/broken-estates/repair.js";
import { poll, RunningApp } from "../support/running-app.js";
import { planOf, type SmallEstate, smallEstate, worldOf } from "../support/small-estates.js";

/** Two sites for each estate, and a world has at most fifty. */
const ESTATES_OF_A_WORLD = 25;
const STAGE_NAMES = Object.keys(STAGES) as StageName[];

/** A world of estates that are broken in one place each, brought to a stage. Each estate has a plan of its own. */
class BrokenWorld {
  readonly #app: RunningApp;
  readonly #worldId = `w-${randomUUID().slice(0, 8)}`;
  readonly #broken: readonly Broken[];
  readonly #estates: readonly SmallEstate[];
  readonly #faultIds = new Map<string, string[]>();

  constructor(app: RunningApp, broken: readonly Broken[]) {
    this.#app = app;
    this.#broken = broken;
    this.#estates = broken.map(({ code, scenario = "vmware-to-azure", breaks }) => {
      const estate = smallEstate(code, scenario);
      breaks?.(estate);
      return estate;
    });
  }

  planIdOf(code: string): string {
    return `${this.#worldId}-${code}`;
  }

  async reach(stage: StageName): Promise<void> {
    const worldId = this.#worldId;
    const { client } = this.#app;
    const world = worldOf(worldId, this.#estates);
    await client.call(ROUTES.importWorld, { params: { worldId }, body: world });
    const plans = this.#broken.map(({ code }, at) =>
      planOf(this.planIdOf(code), worldId, this.#estates.slice(at, at + 1)),
    );
    await Promise.all(
      [planOf(worldId, worldId, this.#estates), ...plans].map((plan) =>
        client.call(ROUTES.savePlan, { params: { planId: plan.id }, body: plan }),
      ),
    );
    for (const { code, refused = [] } of this.#broken) {
      for (const operation of refused) await this.#fault(code, { target: { itemId: code }, operation, mode: "refuse" });
    }
    for (const verb of STAGES[stage].verbs) await this.#run(verb);
    expect(await this.#app.states(worldId), `all are ${stage}`).toEqual([STAGES[stage].rests]);
    for (const { code, loses } of this.#broken) {
      if (loses !== undefined) await this.#fault(code, { target: { siteId: `${loses}-${code}` }, mode: "fail-before" });
    }
    for (const { code, later } of this.#broken) await later?.(this.repairOf(code));
  }

  repairOf(code: string): Repair {
    const estate = this.#estates[this.#broken.findIndex((broken) => broken.code === code)];
    if (estate === undefined) throw new Error(`${code} has no estate`);
    const place = { app: this.#app, worldId: this.#worldId, planId: this.planIdOf(code), code, estate };
    return new Repair({ ...place, faultIds: this.#faultIds.get(code) ?? [] });
  }

  async lookAt({ code, verb, asked }: Broken, instead: Broken["asked"] = {}) {
    const usual = verb === "reprotect" ? ({ waitForAgent: "true", datastoreId: "ssd" } as const) : {};
    const call = { params: { planId: this.planIdOf(code) }, query: { verb, ...usual, ...asked, ...instead } };
    return (await this.#app.client.call(ROUTES.planPrerequisites, call)).body;
  }

  /** Whether the item allows a verb now. */
  async allows(itemId: string, wanted: Verb): Promise<boolean | undefined> {
    const call = { params: { worldId: this.#worldId, itemId } };
    const { allowedActions } = (await this.#app.client.call(ROUTES.getItem, call)).body;
    return allowedActions.find(({ verb }) => verb === wanted)?.allowed;
  }

  async #run(verb: Verb): Promise<void> {
    const options = {
      ...(FAILOVERS.includes(verb) && { acknowledgeNoTest: true }),
      ...(verb === "reprotect" && { reprotect: { waitForAgent: true, datastoreId: "ssd" } }),
      ...(verb === "test-clean-up" && { force: { reason: "the next test is due" } }),
    };
    await this.#app.ended(await this.#app.start(this.#worldId, { verb, options }));
  }

  async #fault(code: string, fault: z.input<typeof ROUTES.addFault.body>): Promise<void> {
    const { body } = await this.#app.client.call(ROUTES.addFault, { params: { worldId: this.#worldId }, body: fault });
    this.#faultIds.set(code, [...(this.#faultIds.get(code) ?? []), body.faultId]);
  }
}

/** What the answer says of a broken estate. */
function expectedOf({ code, verb, mends, refusedAs, decisions }: Broken, row: Prerequisite) {
  const fixedBy = mends ?? null;
  const ifUnfit = failurePolicyOf({ failurePolicy: {} }, verb).onItemFailure === "continue" ? "left-out" : "blocked";
  if (refusedAs !== undefined) return { cause: { severity: "error", fixedBy }, unmet: [], decisions: [ifUnfit] };
  const severity = row.warnsOf.includes(verb) ? "warning" : row.severity;
  const { title, examined, why, fix, asrCode } = row;
  const cause = { title, examined, why, fix, asrCode, severity, fixedBy };
  return { cause, unmet: [code], decisions: decisions ?? [severity === "warning" ? "take" : ifUnfit] };
}

const chunks = (broken: readonly Broken[]): Broken[][] =>
  Array.from({ length: Math.ceil(broken.length / ESTATES_OF_A_WORLD) }, (_, n) =>
    broken.slice(n * ESTATES_OF_A_WORLD, (n + 1) * ESTATES_OF_A_WORLD),
  );

/** Breaks each row alone, and reads the prerequisites over HTTP. */
function breaksEach(title: string, open: () => Promise<RunningApp>, all: readonly Broken[]): void {
  describe(title, () => {
    const worlds = new Map<string, BrokenWorld>();

    beforeAll(async () => {
      const app = await open();
      await Promise.all(
        STAGE_NAMES.flatMap((stage) => {
          const of = all.filter((broken) => (broken.stage ?? "protected") === stage);
          return chunks(of).map(async (some) => {
            const world = new BrokenWorld(app, some);
            for (const { code } of some) worlds.set(code, world);
            await world.reach(stage);
          });
        }),
      );
    }, 120_000);

    test.each(all)("$code of $verb", async (broken) => {
      const row = PREREQUISITES.find(({ code }) => code === broken.code);
      const world = worlds.get(broken.code);
      if (row === undefined || world === undefined) throw new Error(`${broken.code} has no row or no world`);
      const { ready, refusal, items, checked, findings } = await world.lookAt(broken);
      const { cause, unmet, decisions } = expectedOf(broken, row);

      expect([...new Set(findings.map(({ code }) => code))]).toEqual([broken.refusedAs ?? broken.code]);
      for (const finding of findings) expect(finding).toMatchObject(cause);
      expect(findings[0]?.found).toContain(broken.found);
      expect(items.map(({ decision }) => decision)).toEqual(decisions);
      const goes = decisions.includes("take");
      expect({ ready, refused: refusal !== null }).toEqual({ ready: goes, refused: !goes });
      expect(checked.flatMap(({ code, unmet: count }) => (count > 0 ? [code] : []))).toEqual(unmet);
      if (broken.mends !== undefined) expect(await world.allows(broken.code, broken.mends)).toBe(true);

      expect([typeof broken.fix, typeof broken.instead], "its fix").not.toEqual(["undefined", "undefined"]);
      await broken.fix?.(world.repairOf(broken.code));
      const mended = await poll(
        () => world.lookAt(broken, broken.instead),
        ({ ready: may, findings: left }) => may && left.every(({ code }) => code !== broken.code),
      );
      expect(mended.findings.filter(({ severity: its }) => its === "error")).toEqual([]);
    });
  });
}

const ALL = [...BROKEN_FOR_FAILOVER, ...BROKEN_FOR_FAILBACK, ...BROKEN_FOR_SERVERS, ...BROKEN_FOR_MINUTES];

test("there is one broken estate for every prerequisite of the catalogue", () => {
  expect(ALL.map(({ code }) => code).sort()).toEqual(PREREQUISITES.map(({ code }) => code).sort());
});

const started: RunningApp[] = [];
afterAll(() => Promise.all(started.map((app) => app.stop())));

/** A host whose emulated time is as slow as real time. */
async function slowHost(): Promise<RunningApp> {
  const app = await RunningApp.start({ EMULATOR_DURATIONS: "zero", EMULATOR_SPEED: "1" });
  started.push(app);
  return app;
}

breaksEach(
  "P3 P9-P11 F1 F2 H4 A1-A3 V3 V8: the only row that is not met, until its fix is followed",
  () => Promise.resolve(RunningApp.shared("quick")),
  [...BROKEN_FOR_FAILOVER, ...BROKEN_FOR_FAILBACK, ...BROKEN_FOR_SERVERS],
);
breaksEach("F7: the only row that is not met, for minutes", slowHost, BROKEN_FOR_MINUTES);
