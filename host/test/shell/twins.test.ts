import { expect, test } from "vitest";
import { loadFunctionApp } from "../../app/load-app.js";
import { silentLogger } from "../../logger.js";
import { appFolder } from "./served-app.js";

test("two functions whose names differ only by case are refused by name", async () => {
  const load = loadFunctionApp({ directory: appFolder("twins"), logger: silentLogger });
  await expect(load).rejects.toThrow(/"Order" and "order" have names that differ only in case/);
});
