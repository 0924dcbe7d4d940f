import { z } from "zod";
import type { Clock } from "../../domain/clock.js";
import { RecoveryError } from "../../domain/errors.js";
import { toInstant } from "../../domain/text.js";
import type { EmulatedEstate, FaultInput } from "../port.js";
import { StoredFault, type WorldHeader } from "./state.js";
import type { Worlds } from "./worlds.js";

const MOST_FAULTS = 500;

/** What a fault may be: `factor` only and always for `slow`, `times` not for what lasts until cleared. */
const ValidFault = StoredFault.extend({
  factor: z.number().gt(1).max(1_000).optional(),
  times: z.int().min(1).max(1_000).optional(),
}).superRefine(({ mode, factor, times }, context) => {
  if ((mode === "slow") !== (factor !== undefined)) {
    context.addIssue({ code: "custom", path: ["factor"], message: "slow, and only slow, has a factor" });
  }
  if (times !== undefined && (mode === "slow" || mode === "hang")) {
    context.addIssue({ code: "custom", path: ["times"], message: `${mode} lasts until it is cleared` });
  }
});

function stored(header: WorldHeader, fault: FaultInput, addedAt: string): StoredFault {
  const parsed = ValidFault.safeParse({ ...fault, faultId: `fault-${header.faultsEver + 1}`, addedAt });
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
 * Injected faults: stored in the world's header, listed, cleared. `goOn` lets go on what hung; what it does not get to
 * goes on when somebody looks.
 */
export function createFaultControls(
  worlds: Worlds,
  clock: Clock,
  itemExists: (worldId: string, itemId: string) => Promise<unknown>,
  goOn: (header: WorldHeader) => Promise<unknown>,
): Pick<EmulatedEstate, "addFault" | "listFaults" | "clearFaults"> {
  return {
    addFault: async (worldId, fault) => {
      if ("itemId" in fault.target) await itemExists(worldId, fault.target.itemId);
      const header = await worlds.change(worldId, (current) => {
        if (current.faults.length >= MOST_FAULTS) {
          throw new RecoveryError("too-many-faults", `world ${worldId} has ${MOST_FAULTS} faults`);
        }
        const added = stored(current, fault, toInstant(clock.now()));
        return { ...current, faults: [...current.faults, added], faultsEver: current.faultsEver + 1 };
      });
      const added = header.faults.at(-1);
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
      await goOn(header).catch(() => undefined); // the faults are cleared, and that is what was asked
      return cleared;
    },
  };
}
