import { afterEach, describe, expect, test } from "vitest";
import type { ExecutionView } from "../../src/commands/execution-view.js";
import type { ExecutionOptions, ItemOutcome } from "../../src/domain/execution.js";
import { isEnded } from "../../src/domain/failure-policy.js";
import { Scenario, type Verb } from "../../src/domain/vocabulary.js";
import { estateOf } from "../worlds/there-and-back.js";
import { Stage } from "./support/stage.js";

const outcomesOf = ({ execution }: ExecutionView): ItemOutcome[] => ("outcomes" in execution ? execution.outcomes : []);

let stage: Stage;
afterEach(() => stage.close());

/** Runs a verb of the plan to its end, accepting what it brings up. */
async function run(verb: Verb, options: Partial<ExecutionOptions> = {}): Promise<ExecutionView> {
  const executionId = await stage.start(verb, options);
  const view = await stage.until(
    executionId,
    ({ awaits, execution }) => isEnded(execution.status) || awaits.length > 0,
  );
  if (!isEnded(view.execution.status)) await stage.validate(executionId);
  const ended = await stage.ended(executionId);
  expect(ended.execution, JSON.stringify(ended.execution)).toMatchObject({ verb, status: "succeeded" });
  return ended;
}

const HOME: Partial<ExecutionOptions> = {
  reprotect: { location: "original", waitForAgent: true, datastoreId: "ssd" },
};

describe.each(Scenario.options)("%s, there and back", (scenario) => {
  test.each(["normal", "every-step"] as const)("%s replay", async (replay) => {
    stage = await Stage.open({ replay });
    await stage.load(estateOf(scenario));
    const where = async () => {
      const items = await stage.items();
      return [...new Set(items.map(({ state, direction, activeSiteId }) => `${state} ${direction} ${activeSiteId}`))];
    };

    await run("test-failover");
    await run("test-clean-up");
    const there = await run("planned-failover");
    expect(outcomesOf(there).map(({ dataLoss }) => dataLoss?.writes)).toEqual([0, 0, 0]);
    expect(await where()).toEqual(["failed-over primary-to-recovery away"]);
    await run("commit");
    await run("reprotect", HOME);
    expect(await where()).toEqual(["protected recovery-to-primary away"]);

    const back = await run("failback");
    expect(outcomesOf(back).map(({ dataLoss }) => dataLoss?.writes)).toEqual([0, 0, 0]);
    expect(await where()).toEqual(["failed-over recovery-to-primary home"]);
    await run("commit");
    await run("reprotect", HOME);
    expect(await where()).toEqual(["protected primary-to-recovery home"]);

    for (const { itemId, epoch } of await stage.items()) {
      const truth = await stage.context.estate.groundTruth(stage.worldId, itemId);
      expect([truth.source.power, truth.source.writable, truth.replica.power]).toEqual(["on", true, "off"]);
      expect([epoch, truth.epoch]).toEqual([2, 2]);
    }
  });
});
