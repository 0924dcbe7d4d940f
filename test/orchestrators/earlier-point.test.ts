import { expect } from "vitest";
import { testInBothReplays } from "../support/both-replays.js";

const recoveryPoint = { kind: "latest-app-consistent" } as const;

testInBothReplays(
  "P4 a machine that does not start from its new recovery point runs from its earlier one again",
  async (app) => {
    await app.run("planned-failover");
    const before = await app.item("web-1");
    await app.context.estate.addFault("shop", {
      target: { itemId: "web-1" },
      operation: "start-replica",
      mode: "refuse",
      times: 1,
    });
    const { execution } = await app.attempt("change-recovery-point", { recoveryPoint });
    expect(execution.status).toBe("succeeded-with-failures");
    const outcomes = "outcomes" in execution ? execution.outcomes : [];
    expect(outcomes.find(({ itemId }) => itemId === "web-1")).toMatchObject({
      outcome: "failed",
      state: "failed-over",
      note: "it runs from its earlier recovery point again",
      failure: { code: "operation-refused" },
    });
    expect(await app.states()).toEqual(["failed-over"]);
    expect((await app.item("web-1")).recoveryPoint?.id).toBe(before.recoveryPoint?.id);
    const { replica } = await app.context.estate.groundTruth("shop", "web-1");
    expect(replica.power).toBe("on");
  },
);
