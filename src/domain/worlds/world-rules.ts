import { SCENARIO_TRAITS } from "../scenario-traits.js";
import { interfaceProblems, mappingProblems } from "./networks.js";
import type { Link, Machine, ProtectedItem, Site, World } from "./world.js";

const MAX_GROUP_MEMBERS = 16;

function duplicateIds(what: string, entries: readonly { id: string }[]): string[] {
  const seen = new Set<string>();
  const twice = new Set(entries.filter(({ id }) => seen.size === seen.add(id).size).map(({ id }) => id));
  return [...twice].map((id) => `two ${what} have the id ${id}`);
}

/** A set or a map. */
interface Known {
  has(id: string): boolean;
}

function missing(what: string, owner: string, wanted: string | undefined, known: Known): string[] {
  return wanted === undefined || known.has(wanted) ? [] : [`${owner} names the unknown ${what} ${wanted}`];
}

const idsOf = (entries: readonly { id: string }[]): Set<string> => new Set(entries.map(({ id }) => id));

interface SiteParts {
  hosts: Known;
  datastores: Known;
  networks: Known;
}

function machineProblems(machine: Machine, parts: ReadonlyMap<string, SiteParts>): string[] {
  const owner = `machine ${machine.id}`;
  const site = parts.get(machine.siteId);
  if (site === undefined) return [`${owner} names the unknown site ${machine.siteId}`];
  return [
    ...missing("host", owner, machine.hostId, site.hosts),
    ...missing("datastore", owner, machine.datastoreId, site.datastores),
    ...machine.nics.flatMap(({ networkId }) => missing("network", owner, networkId, site.networks)),
  ];
}

const partsOf = ({ hosts, datastores, networks }: Site): SiteParts => ({
  hosts: idsOf(hosts),
  datastores: idsOf(datastores),
  networks: idsOf(networks),
});

/** Hosts and master targets may name only hosts and datastores of their own site. */
export function topologyProblems(site: Site): string[] {
  const { hosts, datastores } = partsOf(site);
  return [
    ...duplicateIds("process servers", site.processServers),
    ...duplicateIds("master targets", site.masterTargets),
    ...site.hosts.flatMap(({ id, datastoreIds = [] }) =>
      datastoreIds.flatMap((wanted) => missing("datastore", `host ${id}`, wanted, datastores)),
    ),
    ...site.masterTargets.flatMap(({ id, hostId, datastoreIds = [] }) => [
      ...missing("host", `master target ${id}`, hostId, hosts),
      ...datastoreIds.flatMap((wanted) => missing("datastore", `master target ${id}`, wanted, datastores)),
    ]),
  ];
}

function scenarioProblems(item: ProtectedItem, machine: Machine, source: Site, target: Site): string[] {
  const owner = `item ${item.id}`;
  const { sourceSite, targetSite, form } = SCENARIO_TRAITS[item.scenario];
  return [
    ...(machine.siteId === source.id
      ? []
      : [`${owner} is protected from ${source.id}, its machine is at ${machine.siteId}`]),
    ...(source.id === target.id ? [`${owner} has the same source and target site`] : []),
    ...(source.kind === sourceSite ? [] : [`${owner}: ${item.scenario} needs a source site of kind ${sourceSite}`]),
    ...(target.kind === targetSite ? [] : [`${owner}: ${item.scenario} needs a target site of kind ${targetSite}`]),
    ...(machine.form === form ? [] : [`${owner}: ${item.scenario} protects a machine of form ${form}`]),
  ];
}

const unknownDisks = ({ id, protectedDisks = [] }: ProtectedItem, machine: Machine | undefined): string[] =>
  machine === undefined
    ? []
    : protectedDisks.flatMap((disk) =>
        missing("disk", `item ${id}`, disk, new Set(machine.disks.map(({ name }) => name))),
      );

/** Why nothing could replicate between the sites of an item. */
function linkProblems({ id, scenario, sourceSiteId, targetSiteId }: ProtectedItem, links: readonly Link[]): string[] {
  if (!SCENARIO_TRAITS[scenario].needsLink) return [];
  const between = links.filter((link) => [sourceSiteId, targetSiteId].every((siteId) => link.between.includes(siteId)));
  if (between.some(({ connected }) => connected)) return [];
  const found =
    between.length === 0 ? "no link joins them" : `${between.map((link) => link.id).join(", ")} is not connected`;
  const needs = `item ${id}: ${scenario} replicates over a link between ${sourceSiteId} and ${targetSiteId}`;
  return [`${needs}, and ${found}; add a connected link to the world`];
}

function itemProblems(world: World): string[] {
  const sites = new Map(world.sites.map((site) => [site.id, site]));
  const machines = new Map(world.machines.map((machine) => [machine.id, machine]));
  const policies = idsOf(world.policies);
  const groups = idsOf(world.replicationGroups);
  return world.items.flatMap((item) => {
    const owner = `item ${item.id}`;
    const machine = machines.get(item.machineId);
    const source = sites.get(item.sourceSiteId);
    const target = sites.get(item.targetSiteId);
    return [
      ...missing("policy", owner, item.policyId, policies),
      ...missing("replication group", owner, item.replicationGroupId, groups),
      ...missing("machine", owner, item.machineId, machines),
      ...unknownDisks(item, machine),
      ...(machine ? interfaceProblems(item, machine) : []),
      ...linkProblems(item, world.links),
      ...missing("site", owner, item.sourceSiteId, sites),
      ...missing("site", owner, item.targetSiteId, sites),
      ...(machine && source && target ? scenarioProblems(item, machine, source, target) : []),
    ];
  });
}

function sharedMachines(world: World): string[] {
  return duplicateIds(
    "items",
    world.items.map(({ machineId }) => ({ id: machineId })),
  ).map((problem) => problem.replace("have the id", "protect machine"));
}

/** Members share recovery points, so they must share policy and sites. Azure Site Recovery takes 16 of them. */
function groupProblems(world: World): string[] {
  return world.replicationGroups.flatMap(({ id }) => {
    const members = world.items.filter(({ replicationGroupId }) => replicationGroupId === id);
    const routes = new Set(
      members.map(({ policyId, sourceSiteId, targetSiteId }) => [policyId, sourceSiteId, targetSiteId].join()),
    );
    return [
      ...(members.length > MAX_GROUP_MEMBERS
        ? [`replication group ${id} has ${members.length} items; the limit is ${MAX_GROUP_MEMBERS}`]
        : []),
      ...(routes.size > 1 ? [`the items of replication group ${id} must share policy, source and target site`] : []),
    ];
  });
}

/** The rules beyond its schema that a world breaks, as sentences; empty if it may be imported. */
export function worldProblems(world: World): string[] {
  const parts = new Map(world.sites.map((site) => [site.id, partsOf(site)]));
  return [
    ...duplicateIds("sites", world.sites),
    ...duplicateIds("links", world.links),
    ...duplicateIds("policies", world.policies),
    ...duplicateIds("replication groups", world.replicationGroups),
    ...duplicateIds("machines", world.machines),
    ...duplicateIds("items", world.items),
    ...sharedMachines(world),
    ...world.links.flatMap(({ id, between }) =>
      between.flatMap((siteId) => missing("site", `link ${id}`, siteId, parts)),
    ),
    ...world.sites.flatMap(topologyProblems),
    ...world.machines.flatMap((machine) => machineProblems(machine, parts)),
    ...itemProblems(world),
    ...groupProblems(world),
    ...mappingProblems(world),
  ];
}
