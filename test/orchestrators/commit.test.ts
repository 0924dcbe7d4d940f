import { expect } from "vitest";
import { testInBothReplays } from "../support/both-replays.js";

testInBothReplays("P6 commit deletes every recovery point", async (app) => {
  await app.run("planned-failover");
  const { execution } = await app.ended(await app.start("commit"));
  expect(execution.status).toBe("succeeded");
  expect(await app.states()).toEqual(["committed"]);
  expect((await app.context.hypervisor.recoveryPoints("shop", "orders-db-1")).points).toEqual([]);
});

testInBothReplays("P4 before commit another recovery point can be chosen", async (app) => {
  await app.run("unplanned-failover");
  const before = (await app.item("web-1")).recoveryPoint;
  const options = { recoveryPoint: { kind: "latest-app-consistent" } } as const;
  const { execution } = await app.ended(await app.start("change-recovery-point", options));
  expect(execution.status).toBe("succeeded");
  const after = await app.item("web-1");
  expect(after.state).toBe("failed-over");
  expect(after.recoveryPoint?.consistency).toBe("app-consistent");
  expect(after.recoveryPoint).not.toEqual(before);
});
