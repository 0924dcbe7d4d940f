import { expect } from "vitest";
import { scenario } from "../support/both-replays.js";

scenario("a teller that stands still when its items have ended is named by their execution", async (stage) => {
  const { store } = stage.context;
  const putSteps = store.putSteps.bind(store);
  let teller = "";
  store.putSteps = async (executionId, records) => {
    await putSteps(executionId, records);
    if (teller !== "") return;
    teller = `${executionId}:shutdown-management`;
    await stage.hub.suspend(teller, "somebody looks at it");
  };
  const executionId = await stage.start("planned-failover");
  const { status, blocked } = await stage.until(executionId, (view) => view.blocked !== undefined);
  expect([status, blocked]).toEqual(["paused", [`${teller}: somebody looks at it`]]);

  await stage.hub.resume(teller, null);
  await stage.confirm(executionId);
  await stage.validate(executionId);
  expect((await stage.ended(executionId)).execution.status).toBe("succeeded");
});
