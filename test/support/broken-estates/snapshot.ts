import type { EstateSnapshot, ItemSnapshot, SiteSnapshot } from "../../../src/domain/items/snapshot.js";
import type { CheckedRecord, CheckOptions } from "../../../src/domain/prerequisites/prerequisite.js";
import type { DataLoss } from "../../../src/domain/recovery-points/recovery-point-choice.js";
import type { Scenario, Verb } from "../../../src/domain/vocabulary.js";
import type { Occupancy } from "../../../src/domain/worlds/occupancy.js";

export interface Spoiled {
  item: ItemSnapshot;
  /** The site it goes to, and the one it runs at. */
  target: SiteSnapshot;
  source: SiteSnapshot;
  estate: EstateSnapshot;
  known: CheckedRecord;
}

export interface Case {
  breaks: (subject: Spoiled) => unknown;
  found: string;
  verb?: Verb;
  scenario?: Scenario;
  options?: CheckOptions;
}

export const masterTarget = ({ target }: Spoiled) => {
  const [first] = target.site.masterTargets;
  if (first === undefined) throw new Error("incomplete");
  return first;
};
export const configurationServer = ({ site }: SiteSnapshot) => {
  if (site.configurationServer === undefined) throw new Error("incomplete");
  return site.configurationServer;
};
export const host = ({ target }: Spoiled) => {
  const [first] = target.site.hosts;
  if (first === undefined) throw new Error("incomplete");
  return first;
};
export const link = ({ estate }: Spoiled) => {
  const [first] = estate.links;
  if (first === undefined) throw new Error("incomplete");
  return first;
};

/** What the machine of an item of another execution takes at a site. */
export const takenBy = (itemId: string, changes: Partial<Occupancy>): Occupancy => ({
  ...{ itemId, names: [], addresses: [], cores: 0, networkInterfaces: 0, memory: null, disks: null },
  ...changes,
});

/** The replica was promoted from its newest point, and lost the writes after it. */
export const promoted = (item: ItemSnapshot, dataLoss: DataLoss): void => {
  item.promotedFrom = item.replication.newestPoint;
  item.dataLoss = dataLoss;
};

/** The state of an item before a verb, as the estate shows it. */
export function readyFor(estate: EstateSnapshot, verb: Verb): void {
  for (const item of estate.items) {
    if (verb === "reprotect") {
      item.replica = { ...item.replica, power: "on", heartbeat: "ok", writable: true };
      item.source = { ...item.source, power: "off", heartbeat: "none", writable: false };
    }
    if (verb === "promote-test") item.testCopies.push({ executionId: "x", networkId: "n", power: "on" });
    if (verb === "failback" || verb === "planned-failback") {
      item.direction = "recovery-to-primary";
      [item.source, item.replica] = [
        { ...item.source, siteId: item.item.targetSiteId },
        { ...item.replica, siteId: item.item.sourceSiteId },
      ];
    }
  }
}
