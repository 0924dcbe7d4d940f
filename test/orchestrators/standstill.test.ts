import { expect } from "vitest";
import { testInBothReplays } from "../support/both-replays.js";

testInBothReplays(
  "an orchestration that is blocked after its items have ended is named by their execution",
  async (app) => {
    const { store } = app.context;
    const putSteps = store.putSteps.bind(store);
    let teller = "";
    store.putSteps = async (executionId, records) => {
      await putSteps(executionId, records);
      if (teller !== "") return;
      teller = `${executionId}:shutdown-management`;
      await app.hub.suspend(teller, "somebody looks at it");
    };
    const executionId = await app.start("planned-failover");
    const { status, blocked } = await app.until(executionId, (view) => view.blocked !== undefined);
    expect([status, blocked]).toEqual(["paused", [`${teller}: somebody looks at it`]]);

    await app.hub.resume(teller, null);
    await app.confirm(executionId);
    await app.validate(executionId);
    expect((await app.ended(executionId)).execution.status).toBe("succeeded");
  },
);
