import type { ItemOutcome } from "../../../../src/domain/execution.js";
import { check, type Invariant } from "../index.js";
import type { Violation } from "../violation.js";
import { type EvidenceBuilder, executionIdOf } from "./evidence-builder.js";

/** The outcome of an item in an execution that succeeded. */
export const outcome = (changes: Partial<ItemOutcome>): ItemOutcome => ({
  itemId: "item-1",
  outcome: "succeeded",
  state: "failed-over",
  recoveryPoint: null,
  dataLoss: null,
  recoverySeconds: null,
  failure: null,
  ...changes,
});

export interface Failover {
  number: number;
  verb: "planned-failover" | "unplanned-failover" | "full-run";
  epoch: number;
  itemId: string;
  /** False: the execution continues and holds the item. */
  ends: boolean;
}

/** One item fails over in one execution. A planned failover shuts its source down and synchronises it first. */
export async function failOver(builder: EvidenceBuilder, changes: Partial<Failover> = {}): Promise<void> {
  const { number, verb, epoch, itemId, ends }: Failover = {
    ...{ number: 1, verb: "planned-failover", epoch: 1, itemId: "item-1", ends: true },
    ...changes,
  };
  const on = { executionId: executionIdOf(number), subject: itemId };
  builder.execution(number, verb, { itemIds: [itemId] });
  builder.hold(number, verb, "failing-over", itemId);
  if (verb !== "unplanned-failover") {
    await builder.item("shut-down-source", {}, on);
    await builder.item("final-synchronise", {}, on);
  }
  await builder.item("stop-replication", {}, on);
  const pointId = await builder.newestPoint(itemId);
  const promoted = await builder.item("promote-replica", { pointId, epoch }, on);
  await builder.item("start-replica", { epoch }, on);
  if (promoted.state !== "done") throw new Error(`the promotion failed: ${JSON.stringify(promoted)}`);
  const { point: recoveryPoint, dataLoss } = promoted.result;
  const came = { state: "failed-over", recoveryPoint, dataLoss, epoch, activeSiteId: "away" } as const;
  builder.record({ ...came, ...(ends ? { heldBy: null } : {}) }, itemId);
  if (ends) builder.ended(number, verb, [outcome({ itemId, recoveryPoint, dataLoss })]);
}

/** Another execution commits the failover of an item. */
export async function commit(builder: EvidenceBuilder, number = 2): Promise<void> {
  builder.execution(number, "commit");
  builder.hold(number, "commit", "committing");
  await builder.item("delete-recovery-points", {}, { executionId: executionIdOf(number) });
  builder.record({ state: "committed", heldBy: null });
  builder.ended(number, "commit", [outcome({ state: "committed" })]);
}

/** Another execution rolls back a failover that awaits its commit. */
export async function cancelFailover(builder: EvidenceBuilder, number = 2, epoch = 2): Promise<void> {
  const on = { executionId: executionIdOf(number) };
  builder.execution(number, "cancel-failover");
  builder.hold(number, "cancel-failover", "cancelling");
  await builder.item("demote-replica", { epoch }, on);
  await builder.item("restore-replication", {}, on);
  await builder.item("restart-source", {}, on);
  const back = { state: "protected", epoch, activeSiteId: "home", recoveryPoint: null, dataLoss: null } as const;
  builder.record({ ...back, heldBy: null });
  builder.ended(number, "cancel-failover", [outcome({ state: "protected" })]);
}

/** Starts a copy of the item on a test network and leaves it there. */
export async function testFailover(builder: EvidenceBuilder, number = 1): Promise<void> {
  const on = { executionId: executionIdOf(number) };
  builder.execution(number, "test-failover");
  builder.hold(number, "test-failover", "testing-failover");
  await builder.site("create-test-network", on);
  await builder.item(
    "create-test-copy",
    { pointId: await builder.newestPoint(), networkId: `test-${executionIdOf(number)}` },
    on,
  );
  await builder.item("start-test-copy", {}, on);
  builder.record({ state: "test-failed-over", heldBy: null });
  builder.ended(number, "test-failover", [outcome({ state: "test-failed-over" })]);
}

/** Another execution cleans the test up, according to its report. */
export async function cleanUp(
  builder: EvidenceBuilder,
  number = 2,
  { network }: { network: boolean } = { network: true },
): Promise<void> {
  const key = { executionId: executionIdOf(1), step: "remove-test-copy" };
  builder.execution(number, "test-clean-up");
  builder.hold(number, "test-clean-up", "cleaning-up");
  await builder.item("remove-test-copy", {}, { ...key, keyOf: executionIdOf(number) });
  if (network)
    await builder.site("remove-test-network", { executionId: executionIdOf(1), keyOf: executionIdOf(number) });
  builder.record({ state: "protected", heldBy: null });
  builder.ended(number, "test-clean-up", [outcome({ state: "protected" })]);
}

/** The invariants that the evidence violates, each once. */
export async function violatedBy(builder: EvidenceBuilder): Promise<Invariant[]> {
  return invariantsOf(await check(await builder.build()));
}

export const invariantsOf = (violations: readonly Violation[]): Invariant[] => [
  ...new Set(violations.map(({ invariant }) => invariant)),
];
