import type { EstateSnapshot, ItemSnapshot } from "../items/snapshot.js";
import { opposite, wayOf } from "../scenario-traits.js";
import type { Direction, Verb } from "../vocabulary.js";
import { ROWS_OF_MOVES } from "./catalog.js";
import { ROWS_OF_THE_WAY_HOME } from "./catalog-failback.js";
import { ROWS_OF_ITEMS } from "./catalog-item.js";
import { ROWS_OF_SERVERS } from "./catalog-servers.js";
import { demandOf } from "./checks.js";
import type { AskedOptions, Demand, Finding, KnownItem, Prerequisite, Subject } from "./prerequisite.js";

/** What must hold before a verb starts, as data. */
export const PREREQUISITES: readonly Prerequisite[] = [
  ...ROWS_OF_MOVES,
  ...ROWS_OF_ITEMS,
  ...ROWS_OF_THE_WAY_HOME,
  ...ROWS_OF_SERVERS,
];

/** What is known beside the estate: the items' records and what the caller says. */
export interface Known {
  items: ReadonlyMap<string, KnownItem>;
  options: AskedOptions;
}

const NOTHING_KNOWN: Known = { items: new Map(), options: {} };

/** A row that was looked at, with how many items it concerned and for how many it is not met. */
export type CheckedRow = Omit<Prerequisite, "looks" | "verbs" | "scenarios" | "way" | "warnsOf"> & {
  items: number;
  unmet: number;
};

/** What was looked at for a verb, and everything that is not met. */
export interface PrerequisiteReport {
  checked: CheckedRow[];
  /** Per item, in the order of the catalogue. */
  findings: Finding[];
}

/**
 * Looks at everything that a verb needs, without changing anything.
 * @param estate the items of the run, all their sites, and the links between them
 */
export function reportPrerequisites(
  estate: EstateSnapshot,
  verb: Verb,
  known: Known = NOTHING_KNOWN,
): PrerequisiteReport {
  const rows = PREREQUISITES.filter(({ verbs }) => verbs.includes(verb));
  const counts = new Map(rows.map(({ code }) => [code, { items: 0, unmet: 0 }]));
  const findings: Finding[] = [];
  for (const subject of subjectsOf(estate, verb, known)) {
    for (const row of rows) {
      const count = counts.get(row.code);
      if (count === undefined || !concerns(row, subject)) continue;
      count.items += 1;
      const found = row.looks(subject);
      if (found === null) continue;
      count.unmet += 1;
      findings.push(findingOf(row, subject, found));
    }
  }
  const checked = rows.flatMap(
    ({ looks: _l, verbs: _v, scenarios: _s, way: _w, warnsOf: _o, ...row }): CheckedRow[] => {
      const { items = 0, unmet = 0 } = counts.get(row.code) ?? {};
      return items === 0 ? [] : [{ ...row, items, unmet }];
    },
  );
  return { checked, findings };
}

/** Everything that is not met for a verb; empty when it may start. */
export const checkPrerequisites = (estate: EstateSnapshot, verb: Verb, known?: Known): Finding[] =>
  reportPrerequisites(estate, verb, known).findings;

const concerns = ({ scenarios, way }: Prerequisite, { snapshot: { item }, way: its }: Subject): boolean =>
  scenarios.includes(item.scenario) && (way === null || way === its);

function findingOf(row: Prerequisite, { snapshot, verb }: Subject, found: string): Finding {
  const { code, title, lookedAt, why, fix, fixedBy, asrCode } = row;
  const severity = row.warnsOf.includes(verb) ? "warning" : row.severity;
  return { code, title, itemId: snapshot.item.id, severity, lookedAt, found, why, fix, fixedBy, asrCode };
}

/** The way a verb goes: a reprotect sets up the way back, every other verb goes the way the item replicates. */
const wayOfVerb = (verb: Verb, { direction }: ItemSnapshot): Direction =>
  verb === "reprotect" ? opposite(direction) : direction;

function subjectsOf(estate: EstateSnapshot, verb: Verb, known: Known): Subject[] {
  const sites = new Map(estate.sites.map((site) => [site.site.id, site]));
  const ways = estate.items.map((snapshot) => {
    const way = wayOfVerb(verb, snapshot);
    return { snapshot, way, ...wayOf(snapshot.item, way) };
  });
  const demands = new Map(
    estate.sites.map((site): [string, Demand] => [
      site.site.id,
      demandOf(
        ways.filter(({ to }) => to === site.site.id).map(({ snapshot }) => snapshot),
        site,
      ),
    ]),
  );
  return ways.map(({ snapshot, way, from, to }): Subject => {
    const [source, target, demand] = [sites.get(from), sites.get(to), demands.get(to)];
    if (target === undefined || source === undefined || demand === undefined) {
      throw new Error(`the snapshot lacks a site of item ${snapshot.item.id}`);
    }
    return {
      verb,
      snapshot,
      way,
      source,
      target,
      running: verb === "reprotect" ? snapshot.replica : snapshot.source,
      links: estate.links.filter(({ between }) => between.includes(from) && between.includes(to)),
      demand,
      known: known.items.get(snapshot.item.id) ?? null,
      options: known.options,
    };
  });
}
