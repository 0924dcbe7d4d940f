import {
  addressProblem,
  availabilitySetProblem,
  coresMissing,
  dataDiskSizeProblem,
  demandOf,
  diskCountProblem,
  interfacesMissing,
  nameProblem,
  nameTaken,
  networkProblem,
  osDiskProblem,
  resourceGroupProblem,
  type Subject,
  sizeProblem,
  subnetProblem,
  systemProblem,
  testNetworkProblem,
} from "./prerequisite-looks.js";
import type { EstateSnapshot } from "./snapshot.js";
import type { Verb } from "./vocabulary.js";

/** One row of the catalogue. `looks` answers what is wrong, as a sentence, or null when it is met. */
export interface Prerequisite {
  code: string;
  title: string;
  verbs: readonly Verb[];
  /** An error keeps the verb from starting; a warning is shown. */
  severity: "error" | "warning";
  looks: (subject: Subject) => string | null;
  why: string;
  fix: string;
  /** The verb that would mend it, or null when a person has to. */
  fixedBy: Verb | null;
}

/** A prerequisite that is not met. */
export interface Finding {
  code: string;
  title: string;
  itemId: string;
  severity: Prerequisite["severity"];
  found: string;
  why: string;
  fix: string;
  fixedBy: Verb | null;
}

const FAILOVERS: readonly Verb[] = ["test-failover", "planned-failover", "unplanned-failover"];

const error = (row: Omit<Prerequisite, "severity" | "fixedBy" | "verbs"> & Partial<Prerequisite>): Prerequisite => ({
  severity: "error",
  verbs: FAILOVERS,
  fixedBy: null,
  ...row,
});

/** What must hold before a verb starts, as data. */
export const PREREQUISITES: readonly Prerequisite[] = [
  error({
    code: "machine-name",
    title: "Machine name",
    looks: nameProblem,
    why: "Azure refuses the name when the machine is created.",
    fix: "Give another name in the target settings.",
  }),
  error({
    code: "name-clash",
    title: "Free machine name",
    looks: nameTaken,
    why: "Two machines of one name cannot be at one site.",
    fix: "Give another name in the target settings, or rename the other machine.",
  }),
  error({
    code: "operating-system",
    title: "Operating system",
    looks: systemProblem,
    why: "The machine may not boot in Azure without its drivers.",
    fix: "Upgrade the system, or check that it has the drivers and correct its name in the world.",
  }),
  error({
    code: "os-disk-size",
    title: "Size of the first disk",
    looks: osDiskProblem,
    why: "Azure refuses a larger boot disk.",
    fix: "Shrink the first disk, or boot with UEFI.",
  }),
  error({
    code: "data-disk-size",
    title: "Size of data disks",
    looks: dataDiskSizeProblem,
    why: "Azure has no larger managed disk.",
    fix: "Split the disk.",
  }),
  error({
    code: "disk-count",
    title: "Number of data disks",
    looks: diskCountProblem,
    why: "The size does not take that many disks.",
    fix: "Choose a larger size in the target settings.",
  }),
  error({
    code: "machine-size",
    title: "Machine size",
    looks: sizeProblem,
    why: "The machine cannot be created without a matching size (150097).",
    fix: "Choose a size that the site offers.",
  }),
  error({
    code: "target-network",
    title: "Target network",
    looks: networkProblem,
    why: "The machine would have no network (70038).",
    fix: "Choose a network of the target site.",
  }),
  error({
    code: "target-subnet",
    title: "Target subnet",
    looks: subnetProblem,
    why: "The interface cannot be created (28092).",
    fix: "Choose a subnet of the network.",
  }),
  error({
    code: "target-address",
    title: "Target address",
    looks: addressProblem,
    why: "The interface cannot get the address.",
    fix: "Choose a free address of the subnet, or none.",
  }),
  error({
    code: "resource-group",
    title: "Resource group",
    looks: resourceGroupProblem,
    why: "The machine has no place to be created in.",
    fix: "Create the resource group, or choose another.",
  }),
  error({
    code: "availability-set",
    title: "Availability set",
    looks: availabilitySetProblem,
    why: "The machine cannot be created in it (28031).",
    fix: "Create the availability set, or choose another.",
  }),
  error({
    code: "test-network",
    title: "Test network",
    verbs: ["test-failover"],
    looks: testNetworkProblem,
    why: "The test has no isolated network.",
    fix: "Choose another test network, or none to have one made.",
  }),
  error({
    code: "core-quota",
    title: "Core quota",
    looks: coresMissing,
    why: "Machines beyond the quota are not created (28031).",
    fix: "Raise the quota, or choose smaller sizes.",
  }),
  error({
    code: "interface-quota",
    title: "Interface quota",
    looks: interfacesMissing,
    why: "Interfaces beyond the quota are not created (28092).",
    fix: "Raise the quota.",
  }),
  error({
    code: "target-site",
    title: "Target site reachable",
    looks: ({ target }) => (target.reachable ? null : `${target.site.id} cannot be reached`),
    why: "Nothing can be started there.",
    fix: "Restore the connection to the site.",
  }),
  error({
    code: "source-site",
    title: "Source site reachable",
    verbs: ["planned-failover"],
    looks: ({ source }) => (source.reachable ? null : `${source.site.id} cannot be reached`),
    why: "A planned failover shuts the source down and synchronises it.",
    fix: "Restore the connection, or use an unplanned failover.",
    fixedBy: "unplanned-failover",
  }),
  error({
    code: "recovery-point",
    title: "Recovery point",
    looks: ({ snapshot }) => (snapshot.replication.newestPoint === null ? "there is no recovery point yet" : null),
    why: "A replica starts from a recovery point.",
    fix: "Wait until the first recovery point is made.",
  }),
  error({
    code: "no-test-copies",
    title: "No leftovers of a test",
    looks: ({ snapshot }) => (snapshot.testCopies.length === 0 ? null : "a copy of an earlier test is still there"),
    why: "The copy may hold the name and address.",
    fix: "Clean the test up.",
    fixedBy: "test-clean-up",
  }),
  error({
    code: "rpo-threshold",
    title: "Replication lag",
    severity: "warning",
    looks: ({ snapshot: { replication, policy } }) =>
      replication.rpoSeconds <= policy.rpoThresholdSeconds
        ? null
        : `the newest data is ${Math.round(replication.rpoSeconds)} s old, the policy asks for ${policy.rpoThresholdSeconds} s`,
    why: "An unplanned failover now loses more than the policy allows.",
    fix: "Wait until replication has caught up.",
  }),
];

/**
 * Everything that is not met for a verb, in the order of the catalogue per item; empty when it may start.
 * @param estate the items of the run and their sites
 */
export function checkPrerequisites(estate: EstateSnapshot, verb: Verb): Finding[] {
  const sites = new Map(estate.sites.map((site) => [site.site.id, site]));
  const rows = PREREQUISITES.filter(({ verbs }) => verbs.includes(verb));
  const demands = new Map(
    estate.sites.map((site) => [
      site.site.id,
      demandOf(
        estate.items.filter(({ item }) => item.targetSiteId === site.site.id),
        site,
      ),
    ]),
  );
  return estate.items.flatMap((snapshot) => {
    const { item } = snapshot;
    const target = sites.get(item.targetSiteId);
    const source = sites.get(item.sourceSiteId);
    const demand = demands.get(item.targetSiteId);
    if (target === undefined || source === undefined || demand === undefined) {
      throw new Error(`the snapshot lacks a site of item ${item.id}`);
    }
    return rows.flatMap(({ looks, verbs, ...row }) => {
      const found = looks({ snapshot, target, source, demand });
      return found === null ? [] : [{ ...row, itemId: item.id, found }];
    });
  });
}
