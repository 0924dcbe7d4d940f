import { z } from "zod";
import type { Clock } from "../../domain/clock.js";
import { RecoveryError } from "../../domain/errors.js";
import { toInstant } from "../../domain/text.js";
import type { EmulatedEstate, FaultInput } from "../port.js";
import { StoredFault, type WorldHeader } from "./state.js";
import type { Worlds } from "./worlds.js";

const MAX_FAULTS = 500;

/** `factor` is for `slow`, which requires it. `times` is not for modes that last until the fault is cleared. */
const ValidFault = StoredFault.extend({
  factor: z.number().gt(1).max(1_000).optional(),
  times: z.int().min(1).max(1_000).optional(),
}).superRefine(({ mode, factor, times }, context) => {
  if ((mode === "slow") !== (factor !== undefined)) {
    context.addIssue({
      code: "custom",
      path: ["factor"],
      message: "a factor is required for slow and not allowed otherwise",
    });
  }
  if (times !== undefined && (mode === "slow" || mode === "hang")) {
    context.addIssue({ code: "custom", path: ["times"], message: `${mode} lasts until the fault is cleared` });
  }
});

function stored(header: WorldHeader, fault: FaultInput, addedAt: string): StoredFault {
  const faultId = fault.faultId ?? `fault-${header.faultsEver + 1}`;
  const parsed = ValidFault.safeParse({ ...fault, faultId, addedAt });
  if (!parsed.success) {
    const details = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new RecoveryError("invalid-input", "the fault is not valid", details);
  }
  const { target } = parsed.data;
  const isKnown =
    "itemId" in target ||
    ("siteId" in target ? header.siteIds.includes(target.siteId) : header.links.some(({ id }) => id === target.linkId));
  if (!isKnown) throw new RecoveryError("not-found", `world ${header.worldId} has no such site or link`);
  return parsed.data;
}

/**
 * Injected faults, stored in the world's header. Clearing a fault calls `resumeHanging`. An operation that this call
 * misses resumes at its next poll.
 */
export function createFaultControls(
  worlds: Worlds,
  clock: Clock,
  itemExists: (worldId: string, itemId: string) => Promise<unknown>,
  resumeHanging: (header: WorldHeader) => Promise<unknown>,
): Pick<EmulatedEstate, "addFault" | "listFaults" | "clearFaults"> {
  return {
    addFault: async (worldId, fault) => {
      if ("itemId" in fault.target) await itemExists(worldId, fault.target.itemId);
      let faultId = fault.faultId;
      const header = await worlds.change(worldId, (current) => {
        if (current.faults.some((known) => known.faultId === fault.faultId)) return current;
        if (current.faults.length >= MAX_FAULTS) {
          throw new RecoveryError("too-many-faults", `world ${worldId} has ${MAX_FAULTS} faults`);
        }
        const added = stored(current, fault, toInstant(clock.now()));
        ({ faultId } = added);
        return { ...current, faults: [...current.faults, added], faultsEver: current.faultsEver + 1 };
      });
      const added = header.faults.find((known) => known.faultId === faultId);
      if (added === undefined) throw new Error("the fault was not kept");
      return added;
    },
    listFaults: async (worldId) => {
      worlds.forget(worldId);
      return (await worlds.header(worldId)).faults;
    },
    clearFaults: async (worldId, faultId) => {
      let cleared = 0;
      const header = await worlds.change(worldId, (current) => {
        const faults = current.faults.filter((fault) => faultId !== undefined && fault.faultId !== faultId);
        cleared = current.faults.length - faults.length;
        if (faultId !== undefined && cleared === 0) {
          throw new RecoveryError("not-found", `world ${worldId} has no fault ${faultId}`);
        }
        return { ...current, faults };
      });
      await resumeHanging(header).catch(() => undefined); // the faults are cleared, so the request has succeeded
      return cleared;
    },
  };
}
