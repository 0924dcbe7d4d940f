import { afterEach, expect, test } from "vitest";
import { Product } from "../support/running-app.js";

let product: Product;
afterEach(() => product.stop());

test("a failover goes on by itself after its host was killed in the middle of a group", async () => {
  product = await Product.start();
  const { worldId, planId } = await product.loadShop();
  const executionId = await product.start(planId, { verb: "planned-failover" });
  await product.until(executionId, ({ steps }) =>
    steps.some(({ id, status }) => id === "groups/databases" && status !== "waiting"),
  );

  product = await product.killAndRestart();
  await product.confirm(executionId);
  await product.validate(executionId, { verdict: "accept" });
  const failover = await product.ended(executionId);

  expect(failover.status).toBe("succeeded");
  expect(failover.outcomes?.map(({ dataLoss }) => dataLoss?.bytes)).toEqual(Array(11).fill(0));
  expect(await product.states(worldId)).toEqual(["failed-over"]);
});
