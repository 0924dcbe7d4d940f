import type { Context } from "../../../src/commands/context.js";
import { cancelExecution, confirmAction, resolveFailure, validateExecution } from "../../../src/commands/decisions.js";
import { addFault, clearFaults } from "../../../src/commands/faults.js";
import { resolveCondition, simulateSourceReturn } from "../../../src/commands/items.js";
import { savePlan } from "../../../src/commands/plans.js";
import { startExecution } from "../../../src/commands/start-execution.js";
import { changeTarget, getTarget } from "../../../src/commands/target-settings.js";
import { importWorld } from "../../../src/commands/worlds.js";
import { Plan } from "../../../src/domain/plans/plan.js";
import { World, type WorldInput } from "../../../src/domain/worlds/world.js";
import type { Asked } from "./requests.js";

/** Does what a request asks, by the product's commands, and gives back what its caller is told. */
export async function perform(context: Context, asked: Asked, world: WorldInput): Promise<unknown> {
  switch (asked.kind) {
    case "start": {
      const { kind: _, ...request } = asked;
      return startExecution(context, { ...request, requestedBy: "operator" });
    }
    case "validate":
      return validateExecution(context, asked.executionId, { verdict: asked.verdict, by: "owner", reason: "" });
    case "confirm":
      return confirmAction(context, asked.executionId, { ...asked, by: "operator", note: "" });
    case "resolve":
      return resolveFailure(context, asked.executionId, { ...asked, by: "operator", reason: "" });
    case "cancel":
      return cancelExecution(context, asked.executionId, { ...asked, by: "operator", reason: undefined });
    case "save-plan":
      return savePlan(context, Plan.parse(asked.plan), asked.ifMatch);
    default:
      return performOnEstate(context, asked, world);
  }
}

type OnEstate = Extract<
  Asked,
  {
    kind: "change-target" | "import-world" | "add-fault" | "clear-fault" | "source-comes-back" | "mend-condition";
  }
>;

async function performOnEstate(context: Context, asked: OnEstate, world: WorldInput): Promise<unknown> {
  switch (asked.kind) {
    case "change-target": {
      const { etag } = await getTarget(context, world.id, asked.itemId);
      return changeTarget(context, world.id, asked.itemId, { change: { size: asked.size }, ifMatch: etag });
    }
    case "import-world":
      return importWorld(context, World.parse(world));
    case "add-fault":
      return addFault(context, world.id, asked.fault);
    case "clear-fault":
      return clearFaults(context, world.id, asked.faultId ?? undefined);
    case "source-comes-back":
      return simulateSourceReturn(context, world.id, asked.itemId);
    case "mend-condition":
      return resolveCondition(context, world.id, asked.itemId, asked.type);
  }
}
