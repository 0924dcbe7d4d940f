import type { WorldInput } from "../../src/domain/worlds/world.js";

type SiteInput = WorldInput["sites"][number];
type MachineInput = WorldInput["machines"][number];
type ItemInput = NonNullable<WorldInput["items"]>[number];
/** A change to an estate of `estates.ts` before it is imported. */
export type Change = (world: WorldInput) => void;

/** All changes, in order. */
export const all =
  (...changes: Change[]): Change =>
  (world) => {
    for (const change of changes) change(world);
  };

export const site =
  (id: string, change: Partial<SiteInput>): Change =>
  ({ sites }) => {
    Object.assign(sites.find((candidate) => candidate.id === id) ?? {}, change);
  };

export const machines =
  (change: Partial<MachineInput>): Change =>
  (world) => {
    for (const machine of world.machines) Object.assign(machine, change);
  };

export const items =
  (change: Partial<ItemInput>): Change =>
  (world) => {
    for (const item of world.items ?? []) Object.assign(item, change);
  };

export const targets =
  (change: ItemInput["target"]): Change =>
  (world) => {
    for (const item of world.items ?? []) item.target = { ...item.target, ...change };
  };

/** Adds a datastore at home. */
export const datastore =
  (id: string): Change =>
  ({ sites: [home] }) => {
    home?.datastores?.push({ id, capacityGb: 9_000, freeGb: 9_000 });
  };

export const masterTargets =
  (change: Partial<NonNullable<SiteInput["masterTargets"]>[number]>): Change =>
  ({ sites: [home] }) => {
    for (const each of home?.masterTargets ?? []) Object.assign(each, change);
  };

/** Hosts of the home site. */
export const hosts =
  (change: Partial<NonNullable<SiteInput["hosts"]>[number]>): Change =>
  ({ sites: [home] }) => {
    for (const each of home?.hosts ?? []) Object.assign(each, change);
  };

/** The one link of an estate. */
export const link =
  (change: Partial<NonNullable<WorldInput["links"]>[number]>): Change =>
  (world) => {
    for (const each of world.links ?? []) Object.assign(each, change);
  };

/** Makes a replication group of application and web, which are in one group of the plan. */
export const grouped: Change = (world) => {
  world.replicationGroups = [{ id: "front", name: "Front" }];
  for (const item of world.items ?? []) if (item.id !== "db") item.replicationGroupId = "front";
};
