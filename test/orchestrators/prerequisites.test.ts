import { expect } from "vitest";
import { viewItem } from "../../src/commands/items.js";
import { scenario } from "../support/both-replays.js";

scenario("P3 target settings are shown, checked before failover, and may be changed until then", async (stage) => {
  const { target } = await viewItem(stage.context, "shop", "orders-db-1");
  await stage.retarget("orders-db-1", { ...target, name: "far-too-long-a-name-for-windows" });
  const { execution } = await stage.ended(await stage.start("planned-failover"));
  expect(execution).toMatchObject({ status: "failed", failure: { code: "prerequisites-failed" } });
  expect(await stage.states()).toEqual(["protected"]);

  await stage.retarget("orders-db-1", { ...target, name: "weu-orders-01" });
  expect((await viewItem(stage.context, "shop", "orders-db-1")).target.name).toBe("weu-orders-01");
  await stage.awaiting(await stage.start("planned-failover"), "confirm");
  await expect(stage.retarget("orders-db-1", target)).rejects.toMatchObject({ code: "world-in-use" });
});
