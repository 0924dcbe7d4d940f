import { SCENARIO_TRAITS } from "../../domain/scenario-traits.js";
import type { Copy, EmulatedItem, Span } from "./state.js";

export const off = (copy: Copy): Copy => ({ ...copy, power: "off", heartbeat: "none", writable: false });
export const on = (copy: Copy): Copy => ({ ...copy, power: "on", heartbeat: "ok", writable: true });

/** VMware tools are of no use in Azure: disabled on Windows until it comes home (F6), absent on physical servers. */
export function replicaTools({ machine, item, direction }: EmulatedItem): Copy["tools"] {
  if (direction === "recovery-to-primary") return "running";
  if (machine.form === "physical") return "absent";
  return machine.osFamily === "windows" && SCENARIO_TRAITS[item.scenario].disablesWindowsTools ? "disabled" : "running";
}

/** Ends the span in which a copy takes writes. */
export const closed = (writes: readonly Span[], atMs: number): Span[] =>
  writes.map((span) => (span.toMs === null ? { ...span, toMs: atMs } : span));
/** Begins a new one. */
export const reopened = (writes: readonly Span[], atMs: number): Span[] => [
  ...closed(writes, atMs),
  { fromMs: atMs, toMs: null },
];
