/**
 * D1: the prerequisites answer and the start are one decision. On random walks over plans and items, with random verbs
 * and options, a start is accepted exactly when the answer before it said `ready`, it refuses with what the answer
 * named, and what was accepted does not find out later that it should not have started.
 */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { previewPrerequisites } from "../../src/commands/previews.js";
import type { StartTarget } from "../../src/commands/start-decision.js";
import { RecoveryError } from "../../src/domain/errors.js";
import { ExecutionOptions } from "../../src/domain/execution.js";
import { Scenario, Verb } from "../../src/domain/vocabulary.js";
import { estateOf } from "../support/estates.js";
import { finish } from "../support/execution-driver.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

const ITEMS = ["db", "app", "web"];
const some = fc.subarray(ITEMS, { minLength: 1, maxLength: 2 });

/** Options that a verb may use or not, and that may be right or wrong. */
const options = fc.record(
  {
    recoveryPoint: fc.constantFrom(
      { kind: "latest" as const },
      { kind: "latest-processed" as const },
      { kind: "latest-app-consistent" as const },
      { kind: "custom" as const, pointId: "typo" },
    ),
    sourceShutdown: fc.constantFrom("attempt" as const, "skip" as const),
    acknowledgeNoTest: fc.boolean(),
    reprotect: fc.constant({ waitForAgent: true, datastoreId: "ssd", location: "original" as const }),
    without: some,
    only: some,
  },
  { requiredKeys: [] },
);

const step = fc.record({
  verb: fc.constantFrom(...Verb.options),
  itemId: fc.option(fc.constantFrom(...ITEMS)),
  options,
  /** Most steps have the options that the verb needs, so that walks get far. */
  fits: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
});

const NEEDED: Partial<Record<Verb, Partial<ExecutionOptions>>> = {
  reprotect: { reprotect: { waitForAgent: true, datastoreId: "ssd", location: "original" } },
  "full-run": { reprotect: { waitForAgent: true, datastoreId: "ssd", location: "original" }, acknowledgeNoTest: true },
  "planned-failover": { acknowledgeNoTest: true },
  "unplanned-failover": { acknowledgeNoTest: true },
  failback: { acknowledgeNoTest: true },
  "planned-failback": { acknowledgeNoTest: true },
};

/** What a call answers, or the code that it was refused with. */
async function outcomeOf<T>(
  call: Promise<T>,
): Promise<{ answer: T; refused: null } | { answer: null; refused: string }> {
  try {
    return { answer: await call, refused: null };
  } catch (thrown) {
    if (thrown instanceof RecoveryError) return { answer: null, refused: thrown.code };
    throw thrown;
  }
}

/** Codes with which no accepted execution may end: they were known before. */
const KNOWN_BEFORE = [
  ...["prerequisites-failed", "no-recovery-point", "no-common-recovery-point", "verb-not-allowed"],
  ...["item-held", "item-not-found", "replication-group", "mixed-directions"],
];

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const askedBy = ({ verb, fits, options: made }: Step): ExecutionOptions =>
  ExecutionOptions.parse(fits ? (NEEDED[verb] ?? {}) : made);

/** Asks for the prerequisites and then starts. Returns the id of the execution, or null when it was refused. */
async function askAndStart({ itemId, ...one }: Step & { itemId: string | null }): Promise<string | null> {
  const { verb } = one;
  const options = askedBy({ itemId, ...one });
  const target: StartTarget =
    itemId === null ? { kind: "plan", planId: app.planId } : { kind: "item", worldId: app.worldId, itemId };
  const decided = await outcomeOf(previewPrerequisites(app.context, target, verb, options));
  const started = await outcomeOf(app.start(verb, options, target));
  const said = decided.refused ?? decided.answer?.refusal?.code ?? null;
  expect({ verb, itemId, options, refused: started.refused }).toEqual({ verb, itemId, options, refused: said });
  expect(decided.answer?.ready ?? false).toBe(started.refused === null);
  return started.answer;
}

/** Runs an accepted execution to its end, which says nothing that was known before its start. */
async function runToItsEnd(executionId: string): Promise<void> {
  const { execution } = await finish(app, executionId);
  expect(KNOWN_BEFORE).not.toContain("failure" in execution ? execution.failure.code : null);
  await app.pass(20 * 60_000);
}

/** Puts two of the items into a replication group. */
function grouped(estate: ReturnType<typeof estateOf>): ReturnType<typeof estateOf> {
  const items = (estate.world.items ?? []).map((item) =>
    item.id === "db" ? item : { ...item, replicationGroupId: "orders" },
  );
  const groups = [{ id: "g", name: "g", items: ITEMS.map((id) => ({ id })) }];
  const world = { ...estate.world, items, replicationGroups: [{ id: "orders", name: "Orders" }] };
  return { world, plan: { ...estate.plan, groups } };
}

describe.each([
  ...Scenario.options.map((scenario) => ({ scenario, members: "alone" })),
  { scenario: "vmware-to-azure" as const, members: "in a replication group" },
])("of $scenario, $members", ({ scenario, members }) => {
  test("a start is accepted exactly when its prerequisites say that it is ready", async () => {
    const estate = estateOf(scenario);
    const seen = { accepted: 0, refused: 0 };
    const walks = fc.array(step, { minLength: 6, maxLength: 12 });
    const property = fc.asyncProperty(walks, async (walk) => {
      app = await VirtualApp.open({ durations: "zero" });
      await app.load(members === "alone" ? estate : grouped(estate));
      for (const one of walk) {
        const executionId = await askAndStart(one);
        seen[executionId === null ? "refused" : "accepted"] += 1;
        if (executionId !== null) await runToItsEnd(executionId);
      }
      await app.close();
    });
    await fc.assert(property, { numRuns: 30, endOnFailure: true });
    expect(seen.accepted).toBeGreaterThan(40);
    expect(seen.refused).toBeGreaterThan(40);
  });
});
