/**
 * Direction and locations of a start, which a person confirms (P13, H6, A4).
 *
 * - I1 A confirmation that does not match what would happen refuses the start before anything is recorded or touched.
 *   (test/behaviours/confirmation.test.ts)
 * - I2 What the prerequisites answer shows, sent back as it is, is a confirmation that matches.
 *   (test/behaviours/confirmation.test.ts)
 */
import { z } from "zod";
import type { ItemSnapshot } from "../items/snapshot.js";
import { opposite, replicationSites } from "../scenario-traits.js";
import { Id } from "../text.js";
import { ExecutionDirection, MOVES, type Verb } from "../vocabulary.js";

/** One site, or all sites of a plan that has several. */
const Sites = z.union([Id, z.array(Id).min(1).max(50)]);

/** What a person expects of a start: the direction, and the sites that the workloads leave and go to. */
export const Confirmation = z.strictObject({ direction: ExecutionDirection, from: Sites, to: Sites });
export type Confirmation = z.infer<typeof Confirmation>;

/** The direction of a start and its sites, in alphabetical order. */
export interface Movement {
  direction: ExecutionDirection;
  from: string[];
  to: string[];
}

/** The verbs that have a direction: those that move workloads or copies, and the one that reverses replication. */
export const DIRECTED: readonly Verb[] = [...MOVES, "promote-test", "reprotect"];

/** Which way a verb would take its items; null for a verb without a direction and for no items. */
export function movementOf(verb: Verb, items: readonly Pick<ItemSnapshot, "item" | "direction">[]): Movement | null {
  if (!DIRECTED.includes(verb) || items.length === 0) return null;
  const moves = items.map(({ item, direction: replicates }) => {
    const direction = verb === "reprotect" ? opposite(replicates) : replicates;
    return { direction, ...replicationSites(item, direction) };
  });
  const [direction = "mixed", other] = new Set(moves.map((move) => move.direction));
  return {
    direction: other === undefined ? direction : "mixed",
    from: sorted(moves.map(({ from }) => from)),
    to: sorted(moves.map(({ to }) => to)),
  };
}

const sorted = (ids: string | readonly string[]): string[] => [...new Set([ids].flat())].sort();

/** Why a start is refused that would go another way than was confirmed; null when it goes as confirmed. */
export function confirmationProblem(
  verb: Verb,
  confirmed: Confirmation | undefined,
  would: Movement | null,
): string | null {
  if (confirmed === undefined) return null;
  const asked = { direction: confirmed.direction, from: sorted(confirmed.from), to: sorted(confirmed.to) };
  if (would !== null && JSON.stringify(asked) === JSON.stringify(would)) return null;
  const happens = would === null ? `${verb} moves nothing` : `${verb} would go ${described(would)}`;
  return `confirmed was ${described(asked)}; ${happens}`;
}

const described = ({ direction, from, to }: Movement): string =>
  `${direction} from ${from.join(", ")} to ${to.join(", ")}`;
