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
