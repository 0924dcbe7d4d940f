import { opposite } from "../scenario-traits.js";
import { type ItemState, Verb } from "../vocabulary.js";
import { type LifecycleItem, transition } from "./lifecycle.js";

type Place = Pick<LifecycleItem, "scenario" | "state" | "direction">;

/** Verbs that run several others, or that ask for more than a state. */
const COMPOUND: ReadonlySet<Verb> = new Set(["full-run", "promote-test"]);

/** The shortest chain of verbs that ends the protection of an item; null if it has to come to rest first. */
export function wayToUnprotected(from: Place): Verb[] | null {
  const seen = new Set<string>();
  let ways: { place: Place; verbs: Verb[] }[] = [{ place: from, verbs: [] }];
  while (ways.length > 0) {
    const found = ways.find(({ place }) => place.state === "unprotected");
    if (found) return found.verbs;
    ways = ways.flatMap(({ place, verbs }) => {
      const key = `${place.state}/${place.direction}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return stepsFrom(place).map((step) => ({ place: step.place, verbs: [...verbs, step.verb] }));
    });
  }
  return null;
}

function stepsFrom(place: Place): { place: Place; verb: Verb }[] {
  return Verb.options.flatMap((verb) => {
    const cell = transition(place.scenario, place.state, verb, place.direction);
    if (!cell.allowed || COMPOUND.has(verb)) return [];
    const state: ItemState = cell.after;
    const direction = verb === "reprotect" ? opposite(place.direction) : place.direction;
    return [{ place: { ...place, state, direction }, verb }];
  });
}
