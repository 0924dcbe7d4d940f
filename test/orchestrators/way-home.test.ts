import { afterEach, describe, expect, test } from "vitest";
import { World } from "../../src/domain/worlds/world.js";
import { estateOf, readyOptions } from "../support/estates.js";
import { VirtualApp } from "../support/virtual-app.js";

let app: VirtualApp;
afterEach(() => app.close());

const powerOf = async (itemId: string) => {
  const [seen] = await app.context.hypervisor.describeItems(app.worldId, [itemId]);
  return { source: seen?.source.power, replica: seen?.replica.power };
};

describe.each(["normal", "every-step"] as const)("%s replay", (replay) => {
  test("a full run whose way home is lost keeps what it recovered and commits nothing", async () => {
    app = await VirtualApp.open({ replay });
    const estate = estateOf("vmware-to-azure");
    await app.load(estate);
    const [{ configurationServer } = {}] = World.parse(estate.world).sites;

    const executionId = await app.start("full-run", readyOptions("full-run"));
    await app.awaiting(executionId, "validate");
    await app.context.estate.changeSite(app.worldId, "home", { configurationServer: null });
    await app.validate(executionId);
    const { execution } = await app.ended(executionId);

    expect(execution).toMatchObject({ status: "failed", failure: { code: "prerequisites-failed" } });
    const outcomes = "outcomes" in execution ? execution.outcomes : [];
    expect(outcomes.map(({ itemId, state, failure }) => [itemId, state, failure?.code])).toEqual([
      ["db", "failed-over", "prerequisites-failed"],
      ["app", "failed-over", "prerequisites-failed"],
      ["web", "failed-over", "prerequisites-failed"],
    ]);
    expect(await powerOf("web")).toEqual({ source: "off", replica: "on" });

    await app.context.estate.changeSite(app.worldId, "home", { configurationServer });
    await app.run("commit");
    await app.run("reprotect", readyOptions("reprotect"));
    expect(await app.states()).toEqual(["protected"]);
  });
});
