import { expect } from "vitest";
import type { ExecutionView } from "../../src/commands/execution-view.js";
import type { ItemOutcome } from "../../src/domain/execution.js";
import { testInBothReplays } from "../support/both-replays.js";

const outcomesOf = ({ execution }: ExecutionView): ItemOutcome[] => ("outcomes" in execution ? execution.outcomes : []);

/** What the outcomes of machines other than the given one say. */
function othersThan(itemId: string, view: ExecutionView): ItemOutcome[] {
  const others = outcomesOf(view).filter((outcome) => outcome.itemId !== itemId);
  expect(others).toHaveLength(10);
  return others;
}

testInBothReplays(
  "P5 a refused shutdown fails its own machine with the reason, and the others name that machine",
  async (app) => {
    const target = { itemId: "web-1" };
    await app.context.estate.addFault("shop", { target, operation: "shut-down-source", mode: "refuse" });
    const view = await app.ended(await app.start("planned-failover"));

    expect(view.execution).toMatchObject({ status: "failed", failure: { code: "shutdown-failed" } });
    const own = outcomesOf(view).find(({ itemId }) => itemId === "web-1");
    expect(own).toMatchObject({ outcome: "failed", state: "protected" });
    expect(own?.failure?.message).not.toBe("");
    for (const { outcome, failure, note } of othersThan("web-1", view)) {
      expect({ outcome, failure, note }).toEqual({
        outcome: "cancelled",
        failure: null,
        note: "undone or stopped: web-1 failed",
      });
    }
  },
);

testInBothReplays("machines whose turn never came name the one that failed, and have no failure", async (app) => {
  const target = { itemId: "orders-db-1" };
  await app.context.estate.addFault("shop", { target, operation: "start-replica", mode: "refuse" });
  const view = await app.attempt("planned-failover");

  expect(view.status).toBe("failed");
  const failures = outcomesOf(view).filter(({ failure }) => failure !== null);
  expect(failures.map(({ itemId }) => itemId)).toEqual(["orders-db-1"]);
  const skipped = othersThan("orders-db-1", view).filter(({ outcome }) => outcome === "skipped");
  expect(skipped.length).toBeGreaterThan(0);
  for (const { itemId, note } of skipped) {
    expect(note).toBe("not begun: orders-db-1 failed");
    expect((await app.item(itemId)).reason).toBe("not begun: orders-db-1 failed");
  }
});
