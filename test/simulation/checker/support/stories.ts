import type { ItemOutcome } from "../../../../src/domain/execution.js";
import { check, type Invariant } from "../index.js";
import type { Violation } from "../violation.js";
import { type Drawing, run } from "./drawing.js";

/** An outcome as an execution that came through tells it. */
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
  /** False: the execution goes on, and holds the item. */
  ends: boolean;
}

/** One item fails over in one execution, with its source shut down and synchronised first where it is planned. */
export async function failOver(drawing: Drawing, changes: Partial<Failover> = {}): Promise<void> {
  const { number, verb, epoch, itemId, ends }: Failover = {
    ...{ number: 1, verb: "planned-failover", epoch: 1, itemId: "item-1", ends: true },
    ...changes,
  };
  const on = { executionId: run(number), subject: itemId };
  drawing.execution(number, verb, { itemIds: [itemId] });
  drawing.hold(number, verb, "failing-over", itemId);
  if (verb !== "unplanned-failover") {
    await drawing.item("shut-down-source", {}, on);
    await drawing.item("final-synchronise", {}, on);
  }
  await drawing.item("stop-replication", {}, on);
  const pointId = await drawing.newestPoint(itemId);
  const promoted = await drawing.item("promote-replica", { pointId, epoch }, on);
  await drawing.item("start-replica", { epoch }, on);
  if (promoted.state !== "done") throw new Error(`the promotion did not come off: ${JSON.stringify(promoted)}`);
  const { point: recoveryPoint, dataLoss } = promoted.result;
  const came = { state: "failed-over", recoveryPoint, dataLoss, epoch, activeSiteId: "away" } as const;
  drawing.record({ ...came, ...(ends ? { heldBy: null } : {}) }, itemId);
  if (ends) drawing.ended(number, verb, [outcome({ itemId, recoveryPoint, dataLoss })]);
}

/** The failover of an item is committed by another execution. */
export async function commit(drawing: Drawing, number = 2): Promise<void> {
  drawing.execution(number, "commit");
  drawing.hold(number, "commit", "committing");
  await drawing.item("delete-recovery-points", {}, { executionId: run(number) });
  drawing.record({ state: "committed", heldBy: null });
  drawing.ended(number, "commit", [outcome({ state: "committed" })]);
}

/** A failover that awaits its commit is taken back by another execution. */
export async function takeBack(drawing: Drawing, number = 2, epoch = 2): Promise<void> {
  const on = { executionId: run(number) };
  drawing.execution(number, "cancel-failover");
  drawing.hold(number, "cancel-failover", "cancelling");
  await drawing.item("demote-replica", { epoch }, on);
  await drawing.item("restore-replication", {}, on);
  await drawing.item("restart-source", {}, on);
  const back = { state: "protected", epoch, activeSiteId: "home", recoveryPoint: null, dataLoss: null } as const;
  drawing.record({ ...back, heldBy: null });
  drawing.ended(number, "cancel-failover", [outcome({ state: "protected" })]);
}

/** A copy of the item is started on a test network, and stays. */
export async function rehearse(drawing: Drawing, number = 1): Promise<void> {
  const on = { executionId: run(number) };
  drawing.execution(number, "test-failover");
  drawing.hold(number, "test-failover", "testing-failover");
  await drawing.site("create-test-network", on);
  await drawing.item(
    "create-test-copy",
    { pointId: await drawing.newestPoint(), networkId: `test-${run(number)}` },
    on,
  );
  await drawing.item("start-test-copy", {}, on);
  drawing.record({ state: "test-failed-over", heldBy: null });
  drawing.ended(number, "test-failover", [outcome({ state: "test-failed-over" })]);
}

/** The test is cleaned up by another execution, as it says. */
export async function cleanUp(
  drawing: Drawing,
  number = 2,
  { network }: { network: boolean } = { network: true },
): Promise<void> {
  const key = { executionId: run(1), step: "remove-test-copy" };
  drawing.execution(number, "test-clean-up");
  drawing.hold(number, "test-clean-up", "cleaning-up");
  await drawing.item("remove-test-copy", {}, { ...key, keyOf: run(number) });
  if (network) await drawing.site("remove-test-network", { executionId: run(1), keyOf: run(number) });
  drawing.record({ state: "protected", heldBy: null });
  drawing.ended(number, "test-clean-up", [outcome({ state: "protected" })]);
}

/** The invariants that a drawing breaks, each once. */
export async function broken(drawing: Drawing): Promise<Invariant[]> {
  return named(await check(await drawing.done()));
}

export const named = (violations: readonly Violation[]): Invariant[] => [
  ...new Set(violations.map(({ invariant }) => invariant)),
];
