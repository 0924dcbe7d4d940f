import { afterEach, expect, test } from "vitest";
import { runInVirtualTime } from "../../host/durable/engine/index.js";
import { viewExecution } from "../../src/commands/execution-view.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import { planWarnings } from "../../src/domain/plans/plan-rules.js";
import { VirtualApp } from "../support/virtual-app.js";
import { smallPlan, smallWorld } from "../support/worlds.js";

const MACHINES = 2_000;
const GROUPS = 50;

let app: VirtualApp;
afterEach(() => app.close());

test("2,000 items in 50 groups give warnings and are recovered group by group", async () => {
  app = await VirtualApp.open({ durations: "zero" });
  const ids = Array.from({ length: MACHINES }, (_, index) => `item-${index + 1}`);
  const size = MACHINES / GROUPS;
  const groups = Array.from({ length: GROUPS }, (_, at) => ({
    id: `group-${at + 1}`,
    name: `Group ${at + 1}`,
    items: ids.slice(at * size, (at + 1) * size).map((id) => ({ id })),
  }));
  const plan = smallPlan([], { groups, validation: { required: false } });
  expect(planWarnings(plan)).toHaveLength(2);
  await app.load({ world: smallWorld(MACHINES), plan });

  const { store } = app.context;
  const executionId = await app.start("planned-failover");
  // Reads the record alone: the steps of 2,000 items are expensive to collect at every moment.
  await runInVirtualTime(app.hub, app.clock, async () => {
    return isEnded((await store.getExecution(executionId))?.value.status ?? "running");
  });
  const { execution, steps } = await viewExecution(app.context, executionId);
  expect(execution).toMatchObject({ status: "succeeded" });
  const groupSteps = steps.filter(({ id }) => id.startsWith("groups/"));
  expect(groupSteps.map(({ children }) => children?.length)).toEqual(groups.map(() => size));
  const states = (await store.getItems("small", ids)).map(({ state }) => state);
  expect(new Set(states)).toEqual(new Set(["failed-over"]));
  expect(states).toHaveLength(MACHINES);
});
