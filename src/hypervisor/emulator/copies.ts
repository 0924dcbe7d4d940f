import { SCENARIO_TRAITS } from "../../domain/scenario-traits.js";
import type { Copy, EmulatedItem } from "./state.js";

export const off = (copy: Copy): Copy => ({ ...copy, power: "off", heartbeat: "none", writable: false });
export const on = (copy: Copy): Copy => ({ ...copy, power: "on", heartbeat: "ok", writable: true });

/** VMware tools are of no use in Azure: disabled on Windows until it comes home (F6), absent on physical servers. */
export function replicaTools({ machine, item, direction }: EmulatedItem): Copy["tools"] {
  if (direction === "recovery-to-primary") return "running";
  if (machine.form === "physical") return "absent";
  return machine.osFamily === "windows" && SCENARIO_TRAITS[item.scenario].disablesWindowsTools ? "disabled" : "running";
}
