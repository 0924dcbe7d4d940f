import { expect } from "vitest";
import { viewItem } from "../../src/commands/items.js";
import { testInBothReplays } from "../support/both-replays.js";

testInBothReplays(
  "P3 target settings are shown, checked before failover, and may be changed until then",
  async (app) => {
    const { target } = await viewItem(app.context, "shop", "orders-db-1");
    await app.retarget("orders-db-1", { ...target, name: "far-too-long-a-name-for-windows" });
    await expect(app.start("planned-failover")).rejects.toMatchObject({ code: "prerequisites-failed" });
    expect(await app.states()).toEqual(["protected"]);

    await app.retarget("orders-db-1", { ...target, name: "weu-orders-01" });
    expect((await viewItem(app.context, "shop", "orders-db-1")).target.name).toBe("weu-orders-01");
    await app.awaiting(await app.start("planned-failover"), "confirm");
    await expect(app.retarget("orders-db-1", target)).rejects.toMatchObject({ code: "world-in-use" });
  },
);
