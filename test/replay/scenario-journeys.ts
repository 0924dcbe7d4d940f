import { SCENARIO_TRAITS } from "../../src/domain/scenario-traits.js";
import { Scenario, type Verb } from "../../src/domain/vocabulary.js";
import type { Circumstance, Journey } from "./journey.js";
import { cancelled, hoursLater } from "./meanwhile.js";

/**
 * Every verb there and back in one scenario: the steps of an item workflow depend on the scenario, so each has its
 * history in each scenario. The recordings carry the scenario as their label.
 */
function journeyOf(scenario: Scenario): Journey {
  const usual: Circumstance = { label: scenario };
  const hung: Circumstance = {
    ...usual,
    fault: { operation: "start-test-copy", mode: "hang" },
    meanwhile: cancelled("restore-protection"),
    ends: "cancelled",
  };
  const all = (...verbs: Verb[]) => verbs.map((verb) => [verb, usual] as const);
  const canTestFailback = SCENARIO_TRAITS[scenario].testsFailback;
  return {
    scenario,
    runs: [
      ["test-failover", hung],
      ...all("test-failover", "test-clean-up", "planned-failover", "change-recovery-point", "cancel-failover"),
      ...all("test-failover", "promote-test", "commit", "reprotect", "resynchronise"),
      ...(canTestFailback ? [["test-failover", hung] as const, ...all("test-failover", "test-clean-up")] : []),
      ["planned-failback", { ...usual, before: hoursLater }],
      ...all("change-recovery-point", "cancel-failover"),
      ...(canTestFailback ? all("test-failover", "promote-test") : all("planned-failback")),
      ...all("commit", "reprotect", "resynchronise", "disable-replication", "enable-replication"),
      ...all("planned-failover", "commit", "reprotect", "planned-failback", "commit", "disable-replication"),
    ],
  };
}

export const SCENARIO_JOURNEYS: readonly Journey[] = Scenario.options.map(journeyOf);
