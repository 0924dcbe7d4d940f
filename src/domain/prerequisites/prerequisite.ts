import type { ReprotectOptions } from "../failback/reprotect-options.js";
import type { ItemRecord } from "../items/item-record.js";
import type { CopySnapshot, ItemSnapshot, SiteSnapshot } from "../items/snapshot.js";
import { type Direction, MOVES, type Scenario, type Verb } from "../vocabulary.js";
import type { Link } from "../worlds/world.js";

/** What the items of a run ask of one site together, so that a check of each is no walk over all. */
export interface Demand {
  cores: number;
  networkInterfaces: number;
  /** Item ids by lower-case target name. */
  names: ReadonlyMap<string, string[]>;
  /** Item ids by target address. */
  addresses: ReadonlyMap<string, string[]>;
  /** Families of the sizes that go to each availability set. */
  families: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What the caller of a verb may say that a check asks for. */
export type AskedOptions = { [K in keyof ReprotectOptions]?: ReprotectOptions[K] | undefined } & {
  /** A3: a failover without a test before it. */
  acknowledgeNoTest?: boolean | undefined;
};

/** What Secondsite itself knows of an item, beside what the hypervisor sees. */
export type KnownItem = Pick<ItemRecord, "state" | "lastTestFailoverAt">;

/** What a check looks at: one item, the way it is to go, and both sites of that way. */
export interface Subject {
  verb: Verb;
  snapshot: ItemSnapshot;
  /** The way that the verb moves the workload or sets replication up. */
  way: Direction;
  /** The site where the workload runs. */
  source: SiteSnapshot;
  /** The site that it goes to, or that replication is to go to. */
  target: SiteSnapshot;
  /** The copy that runs the workload. */
  running: CopySnapshot;
  /** Ways between the two sites. */
  links: readonly Link[];
  /** What all items of the run that go to the target site ask of it together. */
  demand: Demand;
  known: KnownItem | null;
  options: AskedOptions;
}

/** One row of the catalogue. `looks` answers what is wrong, as a sentence, or null when it is met. */
export interface Prerequisite {
  code: string;
  title: string;
  verbs: readonly Verb[];
  scenarios: readonly Scenario[];
  /** The way that it concerns; null for both. */
  way: Direction | null;
  /** An error keeps the verb from starting; a warning is shown. */
  severity: "error" | "warning";
  /** Verbs that it only warns of, since they would still do what they are asked. */
  warnsOf: readonly Verb[];
  lookedAt: string;
  looks: (subject: Subject) => string | null;
  why: string;
  fix: string;
  /** The verb that would mend it, or null when a person has to. */
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
  lookedAt: string;
  found: string;
  why: string;
  fix: string;
  fixedBy: Verb | null;
  asrCode: string | null;
}

export const ALL_SCENARIOS: readonly Scenario[] = [
  "vmware-to-azure",
  "physical-to-azure",
  "hyperv-to-hyperv",
  "azure-to-azure",
];
export const FROM_VCENTER: readonly Scenario[] = ["vmware-to-azure", "physical-to-azure"];
/** Where rows of the way home are looked at. */
export const HOME = { way: "recovery-to-primary", scenarios: FROM_VCENTER } as const;
export const INTO_AZURE: readonly Scenario[] = [...FROM_VCENTER, "azure-to-azure"];

/** Verbs that move it for good; a test does not. */
export const REAL_MOVES: readonly Verb[] = MOVES.filter((verb) => verb !== "test-failover");
export const REPROTECT: readonly Verb[] = ["reprotect"];
/** What turns replication round, and what then brings a machine home. */
export const REPROTECT_AND_FAILBACK: readonly Verb[] = [...REPROTECT, "failback", "planned-failback"];

type RowInput = Pick<Prerequisite, "code" | "title" | "lookedAt" | "looks" | "why" | "fix"> & Partial<Prerequisite>;

/** A row: an error of every move in every scenario, unless it says otherwise. */
export const row = (input: RowInput): Prerequisite => ({
  severity: "error",
  verbs: MOVES,
  scenarios: ALL_SCENARIOS,
  way: null,
  warnsOf: [],
  fixedBy: null,
  asrCode: null,
  ...input,
});
