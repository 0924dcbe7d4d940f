import { afterEach, describe, expect, test } from "vitest";
import type { ExecutionOptions, Step } from "../../src/domain/execution.js";
import { type Circumstances, itineraryOf } from "../../src/domain/itineraries.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import { testInBothReplays } from "../support/both-replays.js";
import { estateOf, REPROTECT } from "../support/estates.js";
import { VirtualApp } from "../support/virtual-app.js";

/** Steps of the tree that only hold items. They are not phases. */
const HOLDERS: ReadonlySet<string> = new Set(["items", "remove-test-copies"]);

/** The phases of a tree in the order of their first step: the first word of a plan step's id, the last of an item step's. */
function visited(steps: readonly Step[]): string[] {
  const phases = steps.flatMap(({ id, children = [] }) => {
    const [own = id] = id.split("/");
    const ofItems = children.flatMap((item) => (item.children ?? []).map((step) => step.id.split("/").at(-1) ?? ""));
    return HOLDERS.has(own) ? ofItems : [own, ...ofItems];
  });
  return [...new Set(phases)].filter((phase) => phase !== "action");
}

async function circumstances(app: VirtualApp, changes: Partial<Circumstances> = {}): Promise<Circumstances> {
  const saved = await app.context.store.getPlan(app.planId);
  if (!saved) throw new Error("there is no plan");
  return { plan: saved.value.plan, skipSourceShutdown: false, ownTestNetwork: false, cameHome: false, ...changes };
}

async function expectItinerary(app: VirtualApp, verb: Verb, executionId: string, changes: Partial<Circumstances> = {}) {
  const { execution, steps } = await app.ended(executionId);
  expect(execution.status).toBe("succeeded");
  expect(visited(steps)).toEqual(itineraryOf(verb, await circumstances(app, changes)).map(({ id }) => id));
}

testInBothReplays(
  "a planned failover, a change of point and a commit visit their itineraries in order",
  async (app) => {
    const { execution } = await app.attempt("planned-failover");
    await expectItinerary(app, "planned-failover", execution.executionId);
    await expectItinerary(app, "change-recovery-point", await app.start("change-recovery-point"));
    await expectItinerary(app, "commit", await app.start("commit"));
  },
);

testInBothReplays("an unplanned failover and a cancel visit their itineraries in order", async (app) => {
  const { execution } = await app.attempt("unplanned-failover");
  await expectItinerary(app, "unplanned-failover", execution.executionId);
  await expectItinerary(app, "cancel", await app.start("cancel"));
});

testInBothReplays("an unplanned failover that leaves the source alone skips its shutdown", async (app) => {
  const { execution } = await app.attempt("unplanned-failover", { sourceShutdown: "skip" });
  await expectItinerary(app, "unplanned-failover", execution.executionId, { skipSourceShutdown: true });
});

testInBothReplays("a test failover and its clean-up visit their itineraries in order", async (app) => {
  await expectItinerary(app, "test-failover", await app.start("test-failover"));
  await expectItinerary(app, "test-clean-up", await app.start("test-clean-up"));
});

describe("there and home", () => {
  let app: VirtualApp;
  afterEach(() => app.close());

  async function open(): Promise<void> {
    app = await VirtualApp.open();
    await app.load(estateOf("vmware-to-azure"));
  }

  /** Runs a verb and compares its steps with its itinerary. */
  async function visits(verb: Verb, options: Partial<ExecutionOptions> = {}, changes: Partial<Circumstances> = {}) {
    const { execution } = await app.run(verb, options);
    await expectItinerary(app, verb, execution.executionId, changes);
  }

  test("a reprotect, a failback, its commit and a resynchronisation visit their itineraries in order", async () => {
    await open();
    await visits("planned-failover");
    await visits("commit");
    await visits("reprotect", REPROTECT);
    await visits("failback");
    await visits("commit", {}, { cameHome: true });
    await visits("reprotect", REPROTECT);
    await visits("resynchronise");
  });

  test("a failback that leaves the machines at the recovery site alone skips their shutdown", async () => {
    await open();
    await visits("full-run", REPROTECT);
    await visits("failback", { sourceShutdown: "skip" }, { skipSourceShutdown: true });
  });

  test("a planned failback visits its itinerary in order", async () => {
    await open();
    await visits("full-run", REPROTECT);
    await visits("planned-failback");
  });

  test("full runs there and home visit their itineraries in order", async () => {
    await open();
    await visits("full-run", REPROTECT);
    await visits("full-run", REPROTECT, { cameHome: true });
  });

  test("a promoted test, and replication that ends and begins, visit their itineraries in order", async () => {
    await open();
    await visits("disable-replication");
    await visits("enable-replication");
    await visits("test-failover");
    await visits("promote-test");
  });
});
