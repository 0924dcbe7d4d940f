import { RecoveryError } from "../errors.js";
import type { ExecutionOptions } from "../execution.js";
import { FAILOVERS } from "../prerequisites/prerequisite.js";
import { Verb } from "../vocabulary.js";
import { DIRECTED } from "./confirmation.js";

/**
 * The verbs that use each option. An option that a verb does not use is refused: to accept it would promise something
 * that does not happen.
 */
const USED_BY: Readonly<Record<keyof ExecutionOptions, readonly Verb[]>> = {
  recoveryPoint: ["test-failover", "unplanned-failover", "failback", "change-recovery-point"],
  sourceShutdown: ["unplanned-failover", "failback", "promote-test"],
  testNetworkId: ["test-failover"],
  reprotect: ["reprotect", "full-run"],
  acknowledgeNoTest: FAILOVERS,
  confirm: DIRECTED,
  notes: ["test-clean-up"],
  without: Verb.options,
  only: Verb.options,
};

/** Whether a verb uses an option. */
export const usesOption = (verb: Verb, option: keyof ExecutionOptions): boolean => USED_BY[option].includes(verb);

/** Refuses `option-not-used` when the verb does not use an option, and names the verbs that do. */
export function requireUsedOptions(verb: Verb, options: ExecutionOptions, alone: boolean): void {
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const problems = (given as (keyof ExecutionOptions)[]).flatMap((name) => {
    if (alone && (name === "without" || name === "only"))
      return [`${name} chooses items of a plan, and this is one item`];
    const used = USED_BY[name];
    return used.includes(verb)
      ? []
      : [`${verb} does not use ${name}; ${listOf(used)} ${used.length > 1 ? "do" : "does"}`];
  });
  const [first, ...others] = problems;
  if (first === undefined) return;
  throw new RecoveryError(
    "option-not-used",
    others.length === 0 ? first : `${problems.length} options: ${first}`,
    problems,
  );
}

function listOf(verbs: readonly Verb[]): string {
  const last = verbs.at(-1);
  return verbs.length < 2 ? String(last) : `${verbs.slice(0, -1).join(", ")} and ${last}`;
}

/** Whether an item takes part: `only` lists those that do, `without` those that do not. */
export const isChosen = ({ only, without }: Pick<ExecutionOptions, "only" | "without">, itemId: string): boolean =>
  (only === undefined || only.includes(itemId)) && !(without ?? []).includes(itemId);
