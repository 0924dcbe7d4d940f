import { afterEach, describe, expect, test } from "vitest";
import type { ExecutionOptions, Step } from "../../src/domain/execution.js";
import { type Circumstances, itineraryOf } from "../../src/domain/itineraries.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import { scenario } from "../support/both-replays.js";
import { estateOf } from "../support/estates.js";
import { Stage } from "../support/virtual-app.js";

/** Steps of the tree that only hold items, and are no phase of their own. */
const HOLDERS: ReadonlySet<string> = new Set(["items", "remove-test-copies"]);

/** The phases of a tree, each where it is first come to: a step of the plan by its first word, one of an item by its last. */
function visited(steps: readonly Step[]): string[] {
  const phases = steps.flatMap(({ id, children = [] }) => {
    const [own = id] = id.split("/");
    const ofItems = children.flatMap((item) => (item.children ?? []).map((step) => step.id.split("/").at(-1) ?? ""));
    return HOLDERS.has(own) ? ofItems : [own, ...ofItems];
  });
  return [...new Set(phases)].filter((phase) => phase !== "action");
}

async function circumstances(stage: Stage, changes: Partial<Circumstances> = {}): Promise<Circumstances> {
  const saved = await stage.context.store.getPlan(stage.planId);
  if (!saved) throw new Error("there is no plan");
  return { plan: saved.value.plan, skipSourceShutdown: false, ownTestNetwork: false, cameHome: false, ...changes };
}

async function expectItinerary(stage: Stage, verb: Verb, executionId: string, changes: Partial<Circumstances> = {}) {
  const { execution, steps } = await stage.ended(executionId);
  expect(execution.status).toBe("succeeded");
  expect(visited(steps)).toEqual(itineraryOf(verb, await circumstances(stage, changes)).map(({ id }) => id));
}

scenario("a planned failover, a change of point and a commit visit their itineraries in order", async (stage) => {
  const { execution } = await stage.failOver("planned-failover");
  await expectItinerary(stage, "planned-failover", execution.executionId);
  await expectItinerary(stage, "change-recovery-point", await stage.start("change-recovery-point"));
  await expectItinerary(stage, "commit", await stage.start("commit"));
});

scenario("an unplanned failover and a cancel visit their itineraries in order", async (stage) => {
  const { execution } = await stage.failOver("unplanned-failover");
  await expectItinerary(stage, "unplanned-failover", execution.executionId);
  await expectItinerary(stage, "cancel", await stage.start("cancel"));
});

scenario("an unplanned failover that leaves the source alone skips its shutdown", async (stage) => {
  const { execution } = await stage.failOver("unplanned-failover", { sourceShutdown: "skip" });
  await expectItinerary(stage, "unplanned-failover", execution.executionId, { skipSourceShutdown: true });
});

scenario("a test failover and its clean-up visit their itineraries in order", async (stage) => {
  await expectItinerary(stage, "test-failover", await stage.start("test-failover"));
  await expectItinerary(stage, "test-clean-up", await stage.start("test-clean-up"));
});

const WAITS: Partial<ExecutionOptions> = {
  reprotect: { location: "original", waitForAgent: true, datastoreId: "ssd" },
};

describe("there and home", () => {
  let stage: Stage;
  afterEach(() => stage.close());

  async function open(): Promise<void> {
    stage = await Stage.open();
    await stage.load(estateOf("vmware-to-azure"));
  }

  /** Runs a verb and holds what it visited against its itinerary. */
  async function visits(verb: Verb, options: Partial<ExecutionOptions> = {}, changes: Partial<Circumstances> = {}) {
    const executionId = await stage.start(verb, options);
    const waits = itineraryOf(verb, await circumstances(stage, changes)).some(({ id }) => id === "validation");
    if (waits) await stage.validate(executionId);
    await expectItinerary(stage, verb, executionId, changes);
  }

  test("a reprotect, a failback, its commit and a resynchronisation visit their itineraries in order", async () => {
    await open();
    await visits("planned-failover");
    await visits("commit");
    await visits("reprotect", WAITS);
    await visits("failback");
    await visits("commit", {}, { cameHome: true });
    await visits("reprotect", WAITS);
    await visits("resynchronise");
  });

  test("a failback that leaves the machines at the recovery site alone skips their shutdown", async () => {
    await open();
    await visits("full-run", WAITS);
    await visits("failback", { sourceShutdown: "skip" }, { skipSourceShutdown: true });
  });

  test("a planned failback visits its itinerary in order", async () => {
    await open();
    await visits("full-run", WAITS);
    await visits("planned-failback");
  });

  test("full runs there and home visit their itineraries in order", async () => {
    await open();
    await visits("full-run", WAITS);
    await visits("full-run", WAITS, { cameHome: true });
  });

  test("a promoted test, and replication that ends and begins, visit their itineraries in order", async () => {
    await open();
    await visits("disable-replication");
    await visits("enable-replication");
    await visits("test-failover");
    await visits("promote-test");
  });
});
