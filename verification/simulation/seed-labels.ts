/**
 * A random generator is derived from its name, so a name is part of what a seed means. The seeds in regressions.json
 * were recorded under these older names. Rename a part freely, but keep the label that it draws under.
 */
const RECORDED: Readonly<Record<string, string>> = {
  faults: "mishaps",
  "fault-proxy": "gate",
  infrastructure: "ground",
  nemeses: "heckles",
  nemesis: "heckle",
  "row-corruption": "poison",
  "row-corruptor": "poisoner",
  "scripted-scenario": "walk",
  workload: "errand",
};

/** The label under which a part of a run draws, for its id: `workload/0/1` draws as it did when it had another name. */
export function seedLabel(id: string): string {
  const [part = "", ...rest] = id.split("/");
  return [RECORDED[part] ?? part, ...rest].join("/");
}
