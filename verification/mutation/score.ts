import type { Judged } from "./judge.js";

/** A mutant that does not change what the product does, with the reason. */
export interface Equivalent {
  mutant: string;
  reason: string;
}

const MIN_SCORE = 0.95;

export interface Score {
  mutants: (Judged & { reason?: string })[];
  histories: number;
  orchestrators: number;
  equivalent: number;
  survivors: number;
  /** Caught mutants among those that are not equivalent. */
  score: number;
  /** Entries of the list of equivalent mutants that are wrong. */
  stale: string[];
  passes: boolean;
}

/** Compares the verdicts with the list of equivalent mutants. */
export function evaluate(judged: readonly Judged[], known: readonly Equivalent[]): Score {
  const reasons = new Map(known.map(({ mutant, reason }) => [mutant, reason]));
  const mutants = judged.map((one) => {
    const reason = one.verdict === "survivor" ? reasons.get(one.id) : undefined;
    return reason === undefined ? one : { ...one, reason };
  });
  const count = (verdict: Judged["verdict"]): number => judged.filter((one) => one.verdict === verdict).length;
  const equivalent = mutants.filter((one) => "reason" in one).length;
  const caught = count("histories") + count("orchestrators");
  const score = caught / Math.max(1, judged.length - equivalent);
  const stale = [...reasons.keys()].flatMap((id) => staleness(id, judged));
  return {
    mutants,
    histories: count("histories"),
    orchestrators: count("orchestrators"),
    equivalent,
    survivors: count("survivor") - equivalent,
    score,
    stale,
    passes: score >= MIN_SCORE && stale.length === 0,
  };
}

function staleness(id: string, judged: readonly Judged[]): string[] {
  const found = judged.find((one) => one.id === id);
  if (found === undefined) return [`listed as equivalent, but no such mutant: ${id}`];
  return found.by === null ? [] : [`listed as equivalent, but caught by ${found.by}: ${id}`];
}

/** The report; its last line is `N passed, N failed`. */
export function linesOf(score: Score): string[] {
  const survivors = score.mutants.filter((one) => one.verdict === "survivor");
  const equivalent = survivors.flatMap((one) => (one.reason === undefined ? [] : [`  ${one.id}\n    ${one.reason}`]));
  const missed = survivors.flatMap((one) => (one.reason === undefined ? [`  ${one.id} (line ${one.line})`] : []));
  return [
    ...(equivalent.length > 0 ? ["", "Equivalent:", ...equivalent] : []),
    ...(missed.length > 0 ? ["", "Survivors:", ...missed] : []),
    ...score.stale,
    "",
    `${score.mutants.length} mutants: ${score.histories} caught by the golden histories, ` +
      `${score.orchestrators} by the tests of orchestrators, ${score.equivalent} equivalent, ` +
      `${score.survivors} survived. Score ${(100 * score.score).toFixed(1)} %, at least ${100 * MIN_SCORE} % wanted.`,
    `${score.histories + score.orchestrators + score.equivalent - score.stale.length} passed, ` +
      `${score.survivors + score.stale.length} failed`,
  ];
}
