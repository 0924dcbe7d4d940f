import { expect } from "vitest";
import { testInBothReplays } from "../support/both-replays.js";

testInBothReplays(
  "an orchestration that is blocked after its items have ended is named by their execution",
  async (app) => {
    const { store } = app.context;
    const putSteps = store.putSteps.bind(store);
    let blockedId = "";
    store.putSteps = async (executionId, records) => {
      await putSteps(executionId, records);
      if (blockedId !== "") return;
      blockedId = `${executionId}:shutdown-management`;
      await app.hub.suspend(blockedId, "somebody looks at it");
    };
    const executionId = await app.start("planned-failover");
    const { status, blockedReasons } = await app.until(executionId, (view) => view.blockedReasons !== undefined);
    expect([status, blockedReasons]).toEqual(["paused", [`${blockedId}: somebody looks at it`]]);

    await app.hub.resume(blockedId, null);
    await app.confirm(executionId);
    await app.validate(executionId);
    expect((await app.ended(executionId)).execution.status).toBe("succeeded");
  },
);
