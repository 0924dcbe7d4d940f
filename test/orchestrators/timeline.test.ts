import { afterEach, describe, expect, test } from "vitest";
import type { ExecutionOptions, Step } from "../../src/domain/execution.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import { testInBothReplays } from "../support/both-replays.js";
import { estateOf, REPROTECT } from "../support/estates.js";
import { VirtualApp } from "../support/virtual-app.js";

/** Steps of the tree that only hold items. */
const HOLDERS: ReadonlySet<string> = new Set(["items", "remove-test-copies"]);

/** The steps of a tree, each where it is first reached: one of the plan by its first word, one of an item by its last. */
function visited(steps: readonly Step[]): string[] {
  const names = steps.flatMap(({ id, children = [] }) => {
    const [own = id] = id.split("/");
    const ofItems = children.flatMap((item) => (item.children ?? []).map((step) => step.id.split("/").at(-1) ?? ""));
    return HOLDERS.has(own) ? ofItems : [own, ...ofItems];
  });
  return [...new Set(names)].filter((name) => name !== "action");
}

const RELEASE = ["shutdown", "shut-down-source", "final-synchronise"];
const BRING_UP = ["promote-replica", "start-replica", "verify-replica"];
const GROUPS = ["choose-recovery-point", "groups", "stop-replication", ...BRING_UP];
const FAILOVER = ["prerequisites", ...RELEASE, ...GROUPS, "validation"];
const REVERSE = ["await-agent", "reverse-replication", "verify-replicating"];

/** What each verb does on VMware machines, in order. */
const TIMELINES: Record<Verb, readonly string[]> = {
  "test-failover": [
    ...["prerequisites", "test-network", "choose-recovery-point", "groups"],
    ...["create-test-copy", "start-test-copy", "verify-replica"],
  ],
  "test-clean-up": ["remove-test-copy", "remove-test-network", "verify-no-leftovers"],
  "planned-failover": FAILOVER,
  "unplanned-failover": FAILOVER,
  "change-recovery-point": ["choose-recovery-point", ...BRING_UP],
  commit: ["delete-recovery-points"],
  "cancel-failover": ["demote-replica", "restore-replication", "restart-source", "verify-protected"],
  reprotect: ["prerequisites", ...REVERSE],
  failback: FAILOVER,
  "planned-failback": FAILOVER,
  "full-run": [...FAILOVER, "commit", "delete-recovery-points", "reprotect", ...REVERSE],
  "promote-test": [
    ...RELEASE,
    ...["stop-replication", "promote-test-copy", "verify-replica", "remove-test-network", "validation"],
  ],
  "disable-replication": ["disable-replication"],
  "enable-replication": ["enable-replication", "verify-replicating"],
  resynchronise: ["resynchronise", "verify-replicating"],
};
const WITHOUT_SHUTDOWN = FAILOVER.filter((name) => !RELEASE.includes(name));

async function expectTimeline(app: VirtualApp, executionId: string, expected?: readonly string[]) {
  const { execution, steps } = await app.ended(executionId);
  expect(execution.status).toBe("succeeded");
  expect(visited(steps)).toEqual(expected ?? TIMELINES[execution.verb]);
}

testInBothReplays("a planned failover, a change of point and a commit take their steps in order", async (app) => {
  const { execution } = await app.run("planned-failover");
  await expectTimeline(app, execution.executionId);
  const recoveryPoint = { kind: "latest-app-consistent" } as const;
  await expectTimeline(app, await app.start("change-recovery-point", { recoveryPoint }));
  await expectTimeline(app, await app.start("commit"));
});

testInBothReplays("an unplanned failover and a cancel take their steps in order", async (app) => {
  const { execution } = await app.run("unplanned-failover");
  await expectTimeline(app, execution.executionId);
  await expectTimeline(app, await app.start("cancel-failover"));
});

testInBothReplays("an unplanned failover that leaves the source alone skips its shutdown", async (app) => {
  const { execution } = await app.run("unplanned-failover", { sourceShutdown: "skip" });
  await expectTimeline(app, execution.executionId, WITHOUT_SHUTDOWN);
});

testInBothReplays("a test failover and its clean-up take their steps in order", async (app) => {
  await expectTimeline(app, await app.start("test-failover"));
  await expectTimeline(app, await app.start("test-clean-up"));
});

testInBothReplays("W1 an item that has begun shows the steps that it has yet to take, in order", async (app) => {
  const executionId = await app.start("unplanned-failover", { sourceShutdown: "skip" });
  const itemSteps = (steps: readonly Step[]) =>
    steps.find(({ id }) => id.startsWith("groups/"))?.children?.[0]?.children ?? [];
  const { steps } = await app.until(executionId, (view) => {
    if (isEnded(view.execution.status)) throw new Error("it ended");
    return itemSteps(view.steps).some(({ title, status }) => title === "Promote the replica" && status === "running");
  });
  expect(itemSteps(steps).map(({ title, status }) => `${title}: ${status}`)).toEqual([
    "Stop replication: succeeded",
    "Promote the replica: running",
    "Start the replica: waiting",
    "Verify that it runs: waiting",
  ]);
});

describe("there and home", () => {
  let app: VirtualApp;
  afterEach(() => app.close());

  async function open(): Promise<void> {
    app = await VirtualApp.open();
    await app.load(estateOf("vmware-to-azure"));
  }

  /** Runs a verb and compares the steps that it took. */
  async function visits(verb: Verb, options: Partial<ExecutionOptions> = {}, expected?: readonly string[]) {
    const { execution } = await app.run(verb, options);
    await expectTimeline(app, execution.executionId, expected);
  }

  test("a reprotect, a failback, its commit and a resynchronisation take their steps in order", async () => {
    await open();
    await visits("planned-failover");
    await visits("commit");
    await visits("reprotect", REPROTECT);
    await visits("failback");
    await visits("commit", {}, ["delete-recovery-points", "remove-old-machine"]);
    await visits("reprotect", REPROTECT);
    await visits("resynchronise");
  });

  test("a failback that leaves the machines at the recovery site alone skips their shutdown", async () => {
    await open();
    await visits("full-run", REPROTECT);
    await visits("failback", { sourceShutdown: "skip" }, WITHOUT_SHUTDOWN);
  });

  test("a planned failback takes its steps in order", async () => {
    await open();
    await visits("full-run", REPROTECT);
    await visits("planned-failback");
  });

  test("full runs there and home take their steps in order", async () => {
    await open();
    await visits("full-run", REPROTECT);
    const home = [...FAILOVER, "commit", "delete-recovery-points", "remove-old-machine", "reprotect", ...REVERSE];
    await visits("full-run", REPROTECT, home);
  });

  test("a promoted test, and replication that ends and begins, take their steps in order", async () => {
    await open();
    await visits("disable-replication");
    await visits("enable-replication");
    await visits("test-failover");
    await visits("promote-test");
  });
});
