import type { NoticedCondition } from "../../domain/items/snapshot.js";
import { SCENARIO_TRAITS } from "../../domain/scenario-traits.js";
import type { EmulatedItem } from "./state.js";

/** Adds a condition. One that the item already has keeps its time. */
export function withCondition(state: EmulatedItem, type: NoticedCondition, sinceMs: number): EmulatedItem {
  if (state.conditions.some((condition) => condition.type === type)) return state;
  return { ...state, conditions: [...state.conditions, { type, sinceMs }] };
}

export const withoutConditions = (state: EmulatedItem, ...types: NoticedCondition[]): EmulatedItem => ({
  ...state,
  conditions: state.conditions.filter(({ type }) => !types.includes(type)),
});

/** Adds the conditions of a machine that came home through a master target (V8). */
export function withFailbackConditions(state: EmulatedItem, atMs: number): EmulatedItem {
  if (SCENARIO_TRAITS[state.item.scenario].failbackThrough !== "master-target") return state;
  const { nics, osFamily, networkManagerPackage } = state.machine;
  const addressed = nics.some(({ assignment }) => assignment === "static")
    ? withCondition(state, "address-is-dhcp", atMs)
    : state;
  const connected = osFamily === "windows" || networkManagerPackage;
  return connected ? addressed : withCondition(addressed, "network-manager-lost", atMs);
}
