import { expect } from "vitest";
import { scenario } from "../support/both-replays.js";

scenario("P6 commit deletes every recovery point", async (stage) => {
  await stage.failOver("planned-failover");
  const { execution } = await stage.ended(await stage.start("commit"));
  expect(execution.status).toBe("succeeded");
  expect(await stage.states()).toEqual(["committed"]);
  expect((await stage.context.hypervisor.recoveryPoints("shop", "orders-db-1")).points).toEqual([]);
});

scenario("P4 before commit another recovery point can be chosen", async (stage) => {
  await stage.failOver("unplanned-failover");
  const before = (await stage.item("web-1")).recoveryPoint;
  const options = { recoveryPoint: { kind: "latest-app-consistent" } } as const;
  const { execution } = await stage.ended(await stage.start("change-recovery-point", options));
  expect(execution.status).toBe("succeeded");
  const after = await stage.item("web-1");
  expect(after.state).toBe("failed-over");
  expect(after.recoveryPoint?.consistency).toBe("app-consistent");
  expect(after.recoveryPoint).not.toEqual(before);
});
