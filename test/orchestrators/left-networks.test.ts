import { afterEach, expect, test } from "vitest";
import type { ExecutionView } from "../../src/commands/execution-view.js";
import { sweepExecutions } from "../../src/commands/sweep.js";
import { RecoveryError } from "../../src/domain/errors.js";
import type { ItemOutcome } from "../../src/domain/execution.js";
import type { Verb } from "../../src/domain/vocabulary.js";
import { estateOf } from "../support/estates.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

/** The estate with its first machine protected to another site. */
function withTwoTargets(): ReturnType<typeof estateOf> {
  const { world, plan } = estateOf("azure-to-azure");
  const sites = world.sites.flatMap((site) => (site.id === "away" ? [site, { ...site, id: "elsewhere" }] : [site]));
  const links = (world.links ?? []).flatMap((link) => [
    link,
    { ...link, id: `${link.id}-2`, between: ["home", "elsewhere"] as [string, string] },
  ]);
  const items = world.items?.map((item) => (item.id === "app" ? { ...item, targetSiteId: "elsewhere" } : item)) ?? [];
  return { world: { ...world, sites, links, items }, plan };
}

/** A test of all machines that awaits its clean-up: app has its copy elsewhere, db and web have theirs away. */
async function openTested(): Promise<void> {
  app = await VirtualApp.open();
  await app.load(withTwoTargets());
  await app.run("test-failover");
}

/** The items of the copies and the sites of the networks that tests have left. */
async function leftovers(): Promise<[string[], string[]]> {
  const { testCopies, testNetworks } = await app.context.hypervisor.leftovers(app.worldId, ["app", "db", "web"], null);
  return [testCopies.map(({ itemId }) => itemId), testNetworks.map(({ siteId }) => siteId)];
}

const damaged = (itemId: string) =>
  new RecoveryError("row-unreadable", `the emulated item in row azure/state:${itemId} is damaged`);

/** Whoever asks what tests left of the machine finds its row damaged, until the answer is called. */
function damage(itemId: string): () => void {
  const { hypervisor } = app.context;
  const { leftovers: look } = hypervisor;
  hypervisor.leftovers = (worldId, itemIds, executionId) =>
    itemIds.includes(itemId) ? Promise.reject(damaged(itemId)) : look(worldId, itemIds, executionId);
  return () => {
    hypervisor.leftovers = look;
  };
}

const failOver = (verb: Verb = "unplanned-failover") =>
  app.attempt(verb, verb === "unplanned-failover" ? { acknowledgeNoTest: true } : {});

const notesOf = ({ execution }: ExecutionView): Record<string, ItemOutcome["note"]> =>
  "outcomes" in execution ? Object.fromEntries(execution.outcomes.map(({ itemId, note }) => [itemId, note])) : {};

test("in a test over several sites, each network is removed with the last copy at its site", async () => {
  await openTested();
  expect(await leftovers()).toEqual([
    ["app", "db", "web"],
    ["elsewhere", "away"],
  ]);
  for (const [itemId, left] of [
    ["app", ["away"]],
    ["web", ["away"]],
    ["db", []],
  ] as const) {
    expect((await app.attemptOn(itemId, "test-clean-up")).execution.status).toBe("succeeded");
    expect((await leftovers())[1]).toEqual(left);
  }
});

test("a failover over a test names the network of a machine that cannot be read, and removes the others", async () => {
  await openTested();
  const mend = damage("app");
  const ended = await failOver();
  expect(ended.execution.status).toBe("succeeded-with-failures");
  expect(await app.states()).toEqual(["failed-over"]);
  const named = expect.stringMatching(/^the network of test \S+ at elsewhere was not removed: .*state:app is damaged/);
  expect(notesOf(ended)).toEqual({ app: named });
  mend();
  expect(await leftovers()).toEqual([[], ["elsewhere"]]);
  expect((await failOver("commit")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([[], []]);
});

test("a machine outside of a failover that cannot be read keeps the network of its test, and a report names it", async () => {
  await openTested();
  const mend = damage("web");
  const { execution } = await app.attemptOn("db", "unplanned-failover", { acknowledgeNoTest: true });
  expect(execution.status).toBe("succeeded-with-failures");
  const [outcome] = "outcomes" in execution ? execution.outcomes : [];
  expect(outcome?.note).toMatch(/^the network of test \S+ at away was not removed: .*state:web is damaged/);
  mend();
  expect((await app.attempt("test-clean-up")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([[], []]);
});

test("a clean-up names a network that it leaves because another machine cannot be read", async () => {
  await openTested();
  const mend = damage("web");
  const { execution } = await app.attemptOn("db", "test-clean-up");
  const [outcome] = "outcomes" in execution ? execution.outcomes : [];
  expect(outcome).toMatchObject({ outcome: "succeeded", state: "protected" });
  expect(outcome?.note).toMatch(/^the network of test \S+ at away was not removed: .*state:web is damaged/);
  mend();
  expect((await app.attempt("test-clean-up")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([[], []]);
});

test("a failover over a test says for every machine when nobody could look for its networks", async () => {
  await openTested();
  const { hypervisor } = app.context;
  const { leftovers: look } = hypervisor;
  hypervisor.leftovers = () => Promise.reject(new Error("the hypervisor does not answer"));
  const ended = await failOver();
  hypervisor.leftovers = look;
  const unknown = expect.stringMatching(/^nobody could look for networks of tests: .*does not answer/);
  expect(notesOf(ended)).toEqual({ app: unknown, db: unknown, web: unknown });
  expect((await failOver("commit")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([[], []]);
});

test("a failover that leaves a copy for a long reason can be read, and its clean-up removes the copy", async () => {
  await openTested();
  const { hypervisor } = app.context;
  const { runOnItem } = hypervisor;
  hypervisor.runOnItem = (task) =>
    task.operation === "remove-test-copy"
      ? Promise.reject(new RecoveryError("operation-refused", "the copy is in use ".repeat(50)))
      : runOnItem(task);
  const { execution } = await failOver();
  hypervisor.runOnItem = runOnItem;
  const [outcome] = "outcomes" in execution ? execution.outcomes : [];
  expect(outcome?.leftovers?.[0]).toMatch(/^the copy of test \S+ \(the copy is in use/);
  expect((await app.attempt("test-clean-up")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([[], []]);
});

/** Ends the orchestration of a verb by hand, and lets the sweep look. */
async function lose(executionId: string): Promise<void> {
  await app.hub.terminate(executionId, "by hand");
  for (const minutes of [1, 10, 10]) {
    await app.pass(minutes * 60_000);
    await sweepExecutions(app.context);
  }
}

/** Loses an execution while its removal of networks waits for the sites. */
async function loseWhileNetworksWait(verb: Verb): Promise<void> {
  const { hypervisor } = app.context;
  const { runOnSite } = hypervisor;
  const waiting = { state: "waiting", doneAt: "9999-12-31T00:00:00.000Z", hanging: true, begun: false } as const;
  hypervisor.runOnSite = (task) =>
    task.operation === "remove-test-network" ? Promise.resolve(waiting) : runOnSite(task);
  const executionId = await app.start(verb, verb === "unplanned-failover" ? { acknowledgeNoTest: true } : {});
  const removes = ({ id, status }: { id: string; status: string }) =>
    id === "remove-test-network" && status === "running";
  await app.until(executionId, ({ steps }) => steps.some(removes));
  hypervisor.runOnSite = runOnSite;
  await lose(executionId);
}

test("after a failover over a test that was lost, its items name the networks, and a clean-up removes them", async () => {
  await openTested();
  await loseWhileNetworksWait("unplanned-failover");
  expect(await leftovers()).toEqual([[], ["elsewhere", "away"]]);
  for (const [itemId, siteId] of [
    ["app", "elsewhere"],
    ["db", "away"],
    ["web", "away"],
  ]) {
    const left = { type: "leftovers", whatToDo: expect.stringMatching(`^network test-\\S+ at ${siteId} could not be`) };
    expect(await app.item(itemId ?? "")).toMatchObject({ state: "failed-over", heldBy: null, conditions: [left] });
  }
  expect((await app.attempt("test-clean-up")).execution.status).toBe("succeeded");
  expect(await leftovers()).toEqual([[], []]);
  expect((await app.items()).map(({ state, conditions }) => [state, conditions])).toEqual(
    Array(3).fill(["failed-over", []]),
  );
});

test("after a promotion that was lost when it had released its items, they name the networks that it left", async () => {
  await openTested();
  const { store } = app.context;
  for (const siteId of ["away", "elsewhere"]) {
    const refused = { target: { siteId }, operation: "remove-test-network", mode: "refuse" } as const;
    await app.context.estate.addFault(app.worldId, refused);
  }
  const { updateExecution } = store;
  const executionId = await app.start("promote-test");
  await app.awaiting(executionId, "validate");
  store.updateExecution = (record, etag) =>
    "endedAt" in record ? Promise.reject(new Error("the storage is busy")) : updateExecution(record, etag);
  await app.validate(executionId, "reject");
  const isFree = async () => (await app.items()).every(({ heldBy }) => heldBy === null);
  for (let minute = 0; minute < 60 && !(await isFree()); minute += 1) await app.pass(60_000);
  expect(await app.states()).toEqual(["protected"]);
  store.updateExecution = updateExecution;
  await lose(executionId);
  const named = await Promise.all(["app", "db", "web"].map(async (id) => (await app.item(id)).conditions));
  expect(named).toEqual(
    ["elsewhere", "away", "away"].map((siteId) => [
      expect.objectContaining({ type: "leftovers", whatToDo: expect.stringContaining(` at ${siteId} could not be`) }),
    ]),
  );
});

test("after a clean-up that was lost before it removed the networks, its items await another one", async () => {
  await openTested();
  await loseWhileNetworksWait("test-clean-up");
  expect(await app.states()).toEqual(["test-failed-over"]);
  expect((await app.attempt("test-clean-up")).execution.status).toBe("succeeded");
  expect([await app.states(), await leftovers()]).toEqual([["protected"], [[], []]]);
});

test("a clean-up says of a machine whose promotion failed what removes its copy, and that does", async () => {
  await openTested();
  const refused = { target: { itemId: "web" }, operation: "stop-replication", mode: "refuse" } as const;
  await app.context.estate.addFault(app.worldId, refused);
  await app.attempt("promote-test");
  expect((await app.item("web")).state).toBe("failover-failed");
  await app.context.estate.clearFaults(app.worldId);
  await expect(app.start("test-clean-up")).rejects.toThrow("web: cancel-failover removes what is left of its test");
  expect((await leftovers())[0]).toEqual(["web"]);
  expect((await app.attemptOn("web", "cancel-failover")).execution.status).toBe("succeeded");
  expect([(await app.item("web")).state, await leftovers()]).toEqual(["protected", [[], []]]);
});
