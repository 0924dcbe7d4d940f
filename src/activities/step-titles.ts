import { ITINERARIES } from "../domain/itineraries.js";
import type { Verb } from "../domain/vocabulary.js";

const OTHER_TITLES: ReadonlyMap<string, string> = new Map([
  ["undo", "Undo what was done"],
  ["find-protection", "Look what the estate says"],
  ["await-probes", "Wait until it answers"],
  ["ask", "Ask what to do about a failure"],
  ["remove-test-copies", "Remove the test copies"],
  ["remove-test-network", "Remove the test network"],
]);

/** The one stage of verbs that have no groups. */
const ITEMS_TITLES: Partial<Record<Verb, string>> = {
  commit: "Delete the recovery points",
  "cancel-failover": "Restore protection",
  "change-recovery-point": "Start from the new points",
  reprotect: "Reverse replication",
  "promote-test": "Promote the test copies",
  "disable-replication": "Disable replication and clean up",
  "enable-replication": "Replicate for the first time",
  resynchronise: "Resynchronise",
};

const phaseTitles = (verb: Verb): Map<string, string> =>
  new Map(ITINERARIES[verb].map(({ id, title }) => [id, title] as const));

const TITLES: ReadonlyMap<Verb, ReadonlyMap<string, string>> = new Map(
  (Object.keys(ITINERARIES) as Verb[]).map((verb) => [verb, phaseTitles(verb)] as const),
);
const UNDO_TITLES = phaseTitles("cancel-failover");

/** A step's name for people, in the words of the verb's itinerary; one that has none is shown by its id. */
export function stepTitle(verb: Verb, id: string): string {
  const [phase = id] = id.split("/");
  if (phase === "items") return ITEMS_TITLES[verb] ?? "Go through the items";
  return OTHER_TITLES.get(phase) ?? TITLES.get(verb)?.get(phase) ?? UNDO_TITLES.get(phase) ?? id;
}
