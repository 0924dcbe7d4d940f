import { needsNewMachine } from "../failback/reverse-path-selection.js";
import type { EstateSnapshot, ItemSnapshot } from "../items/snapshot.js";
import { opposite, replicationSites } from "../scenario-traits.js";
import type { Direction, Verb } from "../vocabulary.js";
import { FAILOVER_CATALOG } from "./catalog.js";
import { FAILBACK_CATALOG } from "./catalog-failback.js";
import { ITEM_CATALOG } from "./catalog-item.js";
import { SERVER_CATALOG } from "./catalog-servers.js";
import { demandOf } from "./checks.js";
import type { CheckedRecord, CheckInput, CheckOptions, Demand, Finding, Prerequisite } from "./prerequisite.js";

/** Everything that must hold before a verb starts, as data. */
export const PREREQUISITES: readonly Prerequisite[] = [
  ...FAILOVER_CATALOG,
  ...ITEM_CATALOG,
  ...FAILBACK_CATALOG,
  ...SERVER_CATALOG,
];

/** What checks need besides the estate: the records of the items and the options of the start. */
export interface StartContext {
  items: ReadonlyMap<string, CheckedRecord>;
  options: CheckOptions;
}

const NO_CONTEXT: StartContext = { items: new Map(), options: {} };

/** A prerequisite that was checked, for how many items, and for how many of them it is not met. */
export type CheckedPrerequisite = Pick<
  Prerequisite,
  "code" | "title" | "severity" | "examined" | "why" | "fix" | "fixedBy" | "asrCode"
> & { items: number; unmet: number };

const SHARED: ReadonlySet<string> = new Set(PREREQUISITES.filter(({ shared }) => shared).map(({ code }) => code));

/** Whether a finding may disappear once other items of the execution are left out. */
export const isShared = (code: string): boolean => SHARED.has(code);

/** What was checked for a verb, and everything that is not met. */
export interface PrerequisiteReport {
  checked: CheckedPrerequisite[];
  /** Per item, in the order of the catalogue. */
  findings: Finding[];
}

/**
 * Checks everything that a verb needs, and changes nothing.
 * @param estate the items of the execution, all their sites, and the links between them
 */
export function reportPrerequisites(
  estate: EstateSnapshot,
  verb: Verb,
  context: StartContext = NO_CONTEXT,
): PrerequisiteReport {
  const entries = PREREQUISITES.filter(({ verbs }) => verbs.includes(verb));
  const report = reportOf(entries, checkInputs(estate, verb, context));
  if (verb !== "full-run") return report;
  // The way home must exist before a full run commits, so it is examined before anything is touched.
  const home = reportWayHome(estate, verb, context);
  const known = new Set(report.checked.map(({ code }) => code));
  return {
    checked: [...report.checked, ...home.checked.filter(({ code }) => !known.has(code))],
    findings: [...report.findings, ...home.findings.filter(({ code }) => !known.has(code))],
  };
}

/** What a reprotect of the items will need of the sites, as far as it can be known before their failover. */
export const reportWayHome = (estate: EstateSnapshot, _verb: Verb, context: StartContext): PrerequisiteReport =>
  reportOf(
    PREREQUISITES.filter(({ verbs, afterFailover }) => verbs.includes("reprotect") && !afterFailover),
    checkInputs(estate, "reprotect", context),
  );

function reportOf(entries: readonly Prerequisite[], inputs: readonly CheckInput[]): PrerequisiteReport {
  const counts = new Map(entries.map(({ code }) => [code, { items: 0, unmet: 0 }]));
  const findings: Finding[] = [];
  for (const input of inputs) {
    for (const entry of entries) {
      const count = counts.get(entry.code);
      if (count === undefined || !appliesTo(entry, input)) continue;
      count.items += 1;
      const found = entry.check(input);
      if (found === null) continue;
      count.unmet += 1;
      findings.push(findingOf(entry, input, found));
    }
  }
  const checked = entries.flatMap((entry): CheckedPrerequisite[] => {
    const { code, title, severity, examined, why, fix, fixedBy, asrCode } = entry;
    const { items = 0, unmet = 0 } = counts.get(code) ?? {};
    return items === 0 ? [] : [{ code, title, severity, examined, why, fix, fixedBy, asrCode, items, unmet }];
  });
  return { checked, findings };
}

/** What may have changed at the receiving site since the start. It is examined before each group. */
export const reportBeforeGroup = (estate: EstateSnapshot, verb: Verb, context: StartContext): PrerequisiteReport =>
  reportOf(
    PREREQUISITES.filter(({ verbs, beforeGroup }) => beforeGroup && verbs.includes(verb)),
    checkInputs(estate, verb, context),
  );

/** Everything that is not met for a verb; empty when it may start. */
export const checkPrerequisites = (estate: EstateSnapshot, verb: Verb, context?: StartContext): Finding[] =>
  reportPrerequisites(estate, verb, context).findings;

const appliesTo = (entry: Prerequisite, { snapshot, direction }: CheckInput): boolean =>
  entry.scenarios.includes(snapshot.item.scenario) && (entry.direction === null || entry.direction === direction);

function findingOf(entry: Prerequisite, { snapshot, verb }: CheckInput, found: string): Finding {
  const { code, title, examined, why, fix, fixedBy, asrCode } = entry;
  const severity = entry.warnsOf.includes(verb) ? "warning" : entry.severity;
  return { code, title, itemId: snapshot.item.id, severity, examined, found, why, fix, fixedBy, asrCode };
}

/** A reprotect sets up the opposite direction; every other verb goes in the direction of replication. */
const directionOf = (verb: Verb, { direction }: ItemSnapshot): Direction =>
  verb === "reprotect" ? opposite(direction) : direction;

function checkInputs(estate: EstateSnapshot, verb: Verb, context: StartContext): CheckInput[] {
  const sites = new Map(estate.sites.map((site) => [site.site.id, site]));
  const moves = estate.items.map((snapshot) => {
    const direction = directionOf(verb, snapshot);
    return { snapshot, direction, ...replicationSites(snapshot.item, direction) };
  });
  const demands = new Map(
    estate.sites.map((site): [string, Demand] => [
      site.site.id,
      demandOf(
        moves
          .filter(({ to }) => to === site.site.id)
          .map(({ snapshot, direction }) => ({
            snapshot,
            isNewMachine: needsNewMachine({ direction, target: site, snapshot, options: context.options }),
          })),
        site,
      ),
    ]),
  );
  return moves.map(({ snapshot, direction, from, to }): CheckInput => {
    const [source, target, demand] = [sites.get(from), sites.get(to), demands.get(to)];
    if (target === undefined || source === undefined || demand === undefined) {
      throw new Error(`the snapshot lacks a site of item ${snapshot.item.id}`);
    }
    return {
      verb,
      snapshot,
      direction,
      source,
      target,
      running: verb === "reprotect" ? snapshot.replica : snapshot.source,
      links: estate.links.filter(({ between }) => between.includes(from) && between.includes(to)),
      demand,
      record: context.items.get(snapshot.item.id) ?? null,
      options: context.options,
    };
  });
}
