import { ITINERARIES } from "../domain/itineraries.js";

const OTHER_TITLES: Readonly<Record<string, string>> = {
  undo: "Undo what was done",
  items: "Go through the items",
  "remove-test-copies": "Remove the test copies",
  "choose-recovery-point": "Choose the recovery points",
};

const TITLES: ReadonlyMap<string, string> = new Map([
  ...Object.values(ITINERARIES).flatMap((phases) => phases.map(({ id, title }) => [id, title] as const)),
  ...Object.entries(OTHER_TITLES),
]);

/** A step's name for people; one that has none is shown by its id. */
export function stepTitle(id: string): string {
  return TITLES.get(id) ?? id;
}
