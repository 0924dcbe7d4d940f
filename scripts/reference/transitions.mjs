/** The page of the transition table: which verb is allowed in which state of an item, what it leads to, and why not. */
export function transitionsPage({ transition, Scenario, ItemState, Verb }) {
  const tables = groupScenarios(Scenario.options, (scenario) =>
    ItemState.options.flatMap((state) =>
      Verb.options.map((verb) => ({ state, verb, cell: transition(scenario, state, verb) })),
    ),
  );
  return [
    "# Transitions of a protected item",
    "",
    "Made from `src/domain/items/lifecycle.ts` by `npm run reference`. A refused verb is answered with 409, the reason and,",
    "where there is one, what would make it allowed.",
    ...tables.flatMap(section),
  ].join("\n");
}

/** Scenarios whose tables say the same share a section. */
function groupScenarios(scenarios, cellsOf) {
  const groups = new Map();
  for (const scenario of scenarios) {
    const cells = cellsOf(scenario);
    const key = JSON.stringify(cells).replaceAll(scenario, "");
    const group = groups.get(key) ?? { scenarios: [], cells };
    group.scenarios.push(scenario);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function section({ scenarios, cells }) {
  const heading = ["", `## ${scenarios.join(", ")}`, ""];
  const allowed = cells.filter(({ cell }) => cell.allowed);
  const refused = cells.filter(({ cell }) => !cell.allowed);
  if (allowed.length === 0) return [...heading, "Known, but no verb of it is served yet."];
  return [
    ...heading,
    "| in state | verb | meanwhile | afterwards | when it fails |",
    "| --- | --- | --- | --- | --- |",
    ...allowed.map(
      ({ state, verb, cell }) => `| ${state} | ${verb} | ${cell.during} | ${cell.after} | ${cell.failed} |`,
    ),
    "",
    "Refused:",
    "",
    "| in state | verb | because | what would make it so |",
    "| --- | --- | --- | --- |",
    ...byReason(refused).map(
      ({ state, verbs, because, remedy }) => `| ${state} | ${verbs.join(", ")} | ${because} | ${remedy ?? "–"} |`,
    ),
  ];
}

function byReason(refused) {
  const rows = new Map();
  for (const { state, verb, cell } of refused) {
    const key = JSON.stringify([state, cell.because, cell.remedy]);
    const row = rows.get(key) ?? { state, verbs: [], because: cell.because, remedy: cell.remedy };
    row.verbs.push(verb);
    rows.set(key, row);
  }
  return [...rows.values()];
}
