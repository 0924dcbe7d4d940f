import type { ReprotectOptions } from "../failback/reprotect-options.js";
import type { ItemRecord } from "../items/item-record.js";
import type { CopySnapshot, ItemSnapshot, SiteSnapshot } from "../items/snapshot.js";
import { SITE_TRAITS, scenariosWhere } from "../scenario-traits.js";
import { type Direction, MOVES, Scenario, type Verb } from "../vocabulary.js";
import type { Link } from "../worlds/world.js";

/** What the items of an execution need of one site together. Computed once, so that no check walks all items. */
export interface Demand {
  itemIds: ReadonlySet<string>;
  cores: number;
  networkInterfaces: number;
  /** Item ids by lower-case target name. */
  names: ReadonlyMap<string, string[]>;
  /** Item ids by the address that they ask for or keep, as `addressKey` writes it. */
  addresses: ReadonlyMap<string, string[]>;
  /** Families of the sizes in each availability set. */
  families: ReadonlyMap<string, ReadonlySet<string>>;
  /** Memory of the machines by the host that they have at home. */
  memoryMb: ReadonlyMap<string, number>;
  /** Disks of the machines that a reprotect creates. */
  newDisksGb: number;
}

/** An address is unique within its network only. */
export const addressKey = (networkId: string | undefined, ip: string): string => `${networkId ?? ""}/${ip}`;

/** The options of a start that checks read. */
export type CheckOptions = { [K in keyof ReprotectOptions]?: ReprotectOptions[K] | undefined } & {
  /** A3: a failover without a test before it. */
  acknowledgeNoTest?: boolean | undefined;
};

/** What checks read of an item's record. */
export type CheckedRecord = Pick<ItemRecord, "state" | "lastTestFailoverAt" | "lastTestFailbackAt">;

/** What a check reads: one item, the direction of the verb, and both sites. */
export interface CheckInput {
  verb: Verb;
  snapshot: ItemSnapshot;
  /** The direction in which the verb moves the workload or sets up replication. */
  direction: Direction;
  /** The site where the workload runs. */
  source: SiteSnapshot;
  /** The site that receives the workload or the replication data. */
  target: SiteSnapshot;
  /** The copy that runs the workload. */
  running: CopySnapshot;
  /** The links between the two sites. */
  links: readonly Link[];
  /** What all items of the execution that go to the target site need of it. */
  demand: Demand;
  /** Null when the item has no record yet. */
  record: CheckedRecord | null;
  options: CheckOptions;
}

/** One entry of the catalogue. `check` answers what is wrong, as a sentence, or null when nothing is. */
export interface Prerequisite {
  code: string;
  title: string;
  verbs: readonly Verb[];
  scenarios: readonly Scenario[];
  /** The direction that it applies to; null for both. */
  direction: Direction | null;
  /** An error prevents the item from going; a warning is only shown. */
  severity: "error" | "warning";
  /** Verbs for which it is only a warning, because they work without it. */
  warnsOf: readonly Verb[];
  /** It depends on the other items of the execution too, and may be met once some of them are left out. */
  shared: boolean;
  /** It examines the copy that runs after a failover, so before the failover nobody can say whether it is met. */
  afterFailover: boolean;
  /** It is examined again before each group, because the receiving site may have changed since the start. */
  beforeGroup: boolean;
  /** What the check examines, for people. */
  examined: string;
  check: (input: CheckInput) => string | null;
  why: string;
  fix: string;
  /** The verb that fixes it, or null when a person has to. */
  fixedBy: Verb | null;
  /** The code under which Azure Site Recovery reports it. */
  asrCode: string | null;
}

/** A prerequisite that is not met. */
export interface Finding {
  code: string;
  title: string;
  itemId: string;
  severity: Prerequisite["severity"];
  examined: string;
  found: string;
  why: string;
  fix: string;
  fixedBy: Verb | null;
  asrCode: string | null;
}

export const THROUGH_MASTER_TARGET = scenariosWhere(({ failbackThrough }) => failbackThrough === "master-target");
/** Failback through a master target. */
export const FAILBACK_PATH = { direction: "recovery-to-primary", scenarios: THROUGH_MASTER_TARGET } as const;
export const INTO_AZURE = scenariosWhere(({ targetSite }) => SITE_TRAITS[targetSite].createsMachines);
export const BETWEEN_VMM_CLOUDS = scenariosWhere(({ targetSite }) => SITE_TRAITS[targetSite].runsVmm);

/** Every verb that moves the workload, except a test. */
export const FAILOVERS: readonly Verb[] = MOVES.filter((verb) => verb !== "test-failover");
export const REPROTECT: readonly Verb[] = ["reprotect"];
/** The verbs that reverse replication and then bring a machine home. */
export const REPROTECT_AND_FAILBACK: readonly Verb[] = [...REPROTECT, "failback", "planned-failback"];

type PrerequisiteInput = Pick<Prerequisite, "code" | "title" | "examined" | "check" | "why" | "fix"> &
  Partial<Prerequisite>;

/** An entry of the catalogue. By default it is an error and applies to every move in every scenario. */
export const prerequisite = (input: PrerequisiteInput): Prerequisite => ({
  severity: "error",
  verbs: MOVES,
  scenarios: Scenario.options,
  direction: null,
  warnsOf: [],
  shared: false,
  afterFailover: false,
  beforeGroup: false,
  fixedBy: null,
  asrCode: null,
  ...input,
});
