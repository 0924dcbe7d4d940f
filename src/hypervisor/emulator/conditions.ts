import { RecoveryError } from "../../domain/errors.js";
import type { NoticedCondition } from "../../domain/items/snapshot.js";
import { SCENARIO_TRAITS } from "../../domain/scenario-traits.js";
import { off } from "./copies.js";
import type { EmulatedItem } from "./state.js";

/** The item with a condition noticed; one that it has already keeps its moment. */
export function noticed(state: EmulatedItem, type: NoticedCondition, sinceMs: number): EmulatedItem {
  if (state.conditions.some((condition) => condition.type === type)) return state;
  return { ...state, conditions: [...state.conditions, { type, sinceMs }] };
}

export const without = (state: EmulatedItem, ...types: NoticedCondition[]): EmulatedItem => ({
  ...state,
  conditions: state.conditions.filter(({ type }) => !types.includes(type)),
});

/** What a machine that came home through a master target has lost on the way (V8). */
export function arrivedHome(state: EmulatedItem, atMs: number): EmulatedItem {
  if (SCENARIO_TRAITS[state.item.scenario].failbackThrough !== "master-target") return state;
  const { nics, osFamily, networkManagerPackage } = state.machine;
  const addressed = nics.some(({ assignment }) => assignment === "static")
    ? noticed(state, "address-is-dhcp", atMs)
    : state;
  const connected = osFamily === "windows" || networkManagerPackage;
  return connected ? addressed : noticed(addressed, "network-manager-lost", atMs);
}

/** The copy that a failover left comes up with its workload on. Its epoch is old, so it takes no writes. */
export function comeBack(state: EmulatedItem, atMs: number): EmulatedItem {
  if (state.promotedFrom === null) {
    throw new RecoveryError("invalid-input", `item ${state.id} has not failed over, so no source can come back`);
  }
  const source = { ...state.source, power: "on" as const, heartbeat: "ok" as const, writable: false };
  return noticed({ ...state, source }, "split-brain", atMs);
}

/** What a person does about each condition. */
const MENDING: Readonly<Record<NoticedCondition, (state: EmulatedItem) => EmulatedItem>> = {
  "split-brain": (state) => ({ ...state, source: off(state.source) }),
  "address-is-dhcp": (state) => state,
  "network-manager-lost": (state) => ({ ...state, machine: { ...state.machine, networkManagerPackage: true } }),
};

export function mended(state: EmulatedItem, type: string): EmulatedItem {
  const found = state.conditions.find((condition) => condition.type === type);
  if (found === undefined) throw new RecoveryError("not-found", `item ${state.id} has no condition ${type} to mend`);
  return without(MENDING[found.type](state), found.type);
}
