import type { Context } from "../../../src/commands/context.js";
import {
  cancelExecution,
  confirmAction,
  continueWithout,
  resolveFailure,
  validateExecution,
} from "../../../src/commands/decisions.js";
import { addFault, clearFaults } from "../../../src/commands/faults.js";
import { importWorld } from "../../../src/commands/import-world.js";
import { resolveCondition, simulateSourceReturn } from "../../../src/commands/items.js";
import { savePlan } from "../../../src/commands/plans.js";
import { previewPrerequisites } from "../../../src/commands/previews.js";
import { startExecution } from "../../../src/commands/start-execution.js";
import { changeTarget, getTarget } from "../../../src/commands/target-settings.js";
import { removeItem } from "../../../src/commands/worlds.js";
import { Plan } from "../../../src/domain/plans/plan.js";
import { World, type WorldInput } from "../../../src/domain/worlds/world.js";
import { performOfCallers } from "./perform-callers.js";
import { performOfPeople } from "./perform-people.js";
import { performSteering } from "./perform-steering.js";
import type { ClientRequest } from "./requests.js";

/** Runs the product's command for a request and returns its answer. */
export async function perform(context: Context, request: ClientRequest, world: WorldInput): Promise<unknown> {
  switch (request.kind) {
    case "start": {
      const { kind: _, ...start } = request;
      return startExecution(context, { ...start, requestedBy: "operator" });
    }
    case "prerequisites":
      return previewPrerequisites(context, request.target, request.verb, request.options);
    case "validate":
      return validateExecution(context, request.executionId, { verdict: request.verdict, by: "owner", reason: "" });
    case "confirm":
      return confirmAction(context, request.executionId, { ...request, by: "operator", note: "" });
    case "resolve":
      return resolveFailure(context, request.executionId, { ...request, by: "operator", reason: "" });
    case "cancel":
      return cancelExecution(context, request.executionId, { ...request, by: "operator", reason: undefined });
    case "continue-without":
      return continueWithout(context, request.executionId, { itemIds: request.itemIds, by: "operator", reason: "" });
    case "save-plan":
      return savePlan(context, Plan.parse(request.plan), request.ifMatch, "operator");
    case "decide":
    case "break-glass":
    case "review-break-glass":
      return performOfPeople(context, request);
    case "steer":
    case "change-timer":
      return performSteering(context, request);
    case "save-source":
    case "remove-source":
    case "give-token":
    case "revoke-token":
    case "webhook":
    case "trespass":
      return performOfCallers(context, request);
    default:
      return performOnEstate(context, request, world);
  }
}

type OnEstate = Extract<
  ClientRequest,
  {
    kind:
      | "change-target"
      | "import-world"
      | "remove-item"
      | "add-fault"
      | "clear-fault"
      | "return-source"
      | "resolve-condition";
  }
>;

async function performOnEstate(context: Context, request: OnEstate, world: WorldInput): Promise<unknown> {
  switch (request.kind) {
    case "change-target": {
      const { etag } = await getTarget(context, world.id, request.itemId);
      return changeTarget(context, world.id, request.itemId, { change: { size: request.size }, ifMatch: etag });
    }
    case "import-world":
      return importWorld(context, World.parse(world), request.mode);
    case "remove-item":
      return removeItem(context, world.id, request.itemId);
    case "add-fault":
      return addFault(context, world.id, request.fault);
    case "clear-fault":
      return clearFaults(context, world.id, request.faultId ?? undefined);
    case "return-source":
      return simulateSourceReturn(context, world.id, request.itemId);
    case "resolve-condition":
      return resolveCondition(context, world.id, request.itemId, request.type);
  }
}
