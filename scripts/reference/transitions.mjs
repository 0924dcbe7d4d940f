/** The page of the transition table: which verb is allowed in which state of an item, what it leads to, and why not. */
export function transitionsPage({ transition, cancellation, Scenario, Direction, ItemState, Verb }) {
  const tables = Direction.options.flatMap((direction) =>
    groupScenarios(Scenario.options, (scenario) =>
      ItemState.options.flatMap((state) =>
        Verb.options.map((verb) => ({ state, verb, cell: transition(scenario, state, verb, direction) })),
      ),
    ).map((table) => ({ ...table, direction })),
  );
  return [
    "# Transitions of a protected item",
    "",
    "Made from `src/domain/items/lifecycle.ts` by `npm run reference`. A refused verb is answered with 409, the reason and,",
    "if something helps, the remedy. There is one table for each direction of replication, and for each group of",
    "scenarios that share it.",
    ...tables.flatMap(section),
    ...cancellations(ItemState.options.map((state) => ({ state, cell: cancellation(state) }))),
  ].join("\n");
}

/** What `POST /api/executions/{executionId}/cancel` does to an item that the execution holds. */
function cancellations(rows) {
  return [
    "",
    "## Cancelling an execution",
    "",
    "| item in state | meanwhile | afterwards | when it fails |",
    "| --- | --- | --- | --- |",
    ...rows
      .filter(({ cell }) => cell.allowed)
      .map(({ state, cell }) => `| ${state} | ${cell.during} | ${cell.after} | ${cell.failed} |`),
    "",
    "In every other state the request is refused: the step ends in a moment and leaves no item half way.",
  ];
}

/** Scenarios with the same table share a section. */
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

function section({ direction, scenarios, cells }) {
  const heading = ["", `## ${direction}: ${scenarios.join(", ")}`, ""];
  const allowed = cells.filter(({ cell }) => cell.allowed);
  const refused = cells.filter(({ cell }) => !cell.allowed);
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
    "| in state | verb | because | remedy |",
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
