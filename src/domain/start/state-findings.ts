import type { ErrorCode } from "../errors.js";
import { type Advice, adviceText } from "../items/advice.js";
import type { Refused } from "../items/allowed-actions.js";
import type { Finding } from "../prerequisites/prerequisite.js";
import type { Verb } from "../vocabulary.js";

type Described = Pick<Finding, "title" | "examined" | "found" | "why" | "fix"> & { fixedBy?: Verb | null };

/** A finding that prevents an item from going, under a code of the error catalogue. */
const error = (code: ErrorCode, itemId: string, { fixedBy = null, ...described }: Described): Finding => ({
  ...{ code, itemId, severity: "error", asrCode: null, fixedBy },
  ...described,
});

/** The state of the item, its holder or its replication group does not allow the verb. */
export function notAllowed(itemId: string, verb: Verb, { code, because, advice, nothingToDo }: Refused): Finding {
  return error(code, itemId, {
    title: "The item allows the verb",
    examined: "the state of the item, its holder and its replication group",
    found: `${verb} is not allowed for item ${itemId}: ${because}`,
    why: "The verb does not apply to an item in this place.",
    fix: fixOf(advice, nothingToDo !== null),
    fixedBy: verbOf(advice),
  });
}

function fixOf(advice: Advice | null, isDone: boolean): string {
  if (advice !== null) return capitalised(adviceText(advice));
  return isDone ? "There is nothing to do for it." : "Leave the item out.";
}

function verbOf(advice: Advice | null): Verb | null {
  if (advice?.kind === "do-first") return advice.verbs[0] ?? null;
  return advice?.kind === "use-instead" ? advice.verb : null;
}

const capitalised = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** The item is in the plan and no longer in the estate. */
export const gone = (itemId: string): Finding =>
  error("item-not-found", itemId, {
    title: "The item is in the estate",
    examined: "the items of the world",
    found: `item ${itemId} is not in the world any more`,
    why: "There is nothing to recover.",
    fix: "Remove the item from the plan, or import it again.",
  });

/** The item could not be read. */
export const notReadable = (itemId: string, found: string): Finding =>
  error("row-unreadable", itemId, {
    title: "The item can be read",
    examined: "the stored rows of the item",
    found,
    why: "Without its row nobody knows where the item stands.",
    fix: "Restore the row, or use the version that wrote it.",
  });

/** The request would split a replication group that stands together. */
export const splits = (itemId: string, groupId: string, excluded: readonly string[]): Finding =>
  error("replication-group", itemId, {
    title: "Replication groups stay together",
    examined: "the members of the replication group that the request leaves out",
    found: `the request leaves ${excluded.join(", ")} out, and replication group ${groupId} moves together`,
    why: "The members share consistent recovery points, which they lose when they stand apart.",
    fix: `Leave the whole group out, or take all of it.`,
  });

/** A full run would take some items to the recovery site and bring others home. */
export const mixed = (itemId: string): Finding =>
  error("mixed-directions", itemId, {
    title: "One direction",
    examined: "the directions in which the items replicate",
    found: `item ${itemId} would move in the opposite direction of the items before it`,
    why: "A full run of items in both directions would swap their sites.",
    fix: "Leave the items of one direction out, or use planned-failover or planned-failback for them first.",
  });

/** The choice of recovery points finds none for the item. */
export const noPoint = (itemId: string, failure: { code: ErrorCode; message: string }): Finding =>
  error(failure.code, itemId, {
    title: "The chosen recovery point",
    examined: "the recovery points that meet the choice",
    found: failure.message,
    why: "The replica starts from the chosen recovery point.",
    fix: "Choose another recovery point, or wait until there is one.",
  });

/** A change to an older recovery point takes the item back in time. */
export const goesBack = (itemId: string, seconds: number): Finding => ({
  ...noPoint(itemId, { code: "no-recovery-point", message: "" }),
  code: "older-recovery-point",
  severity: "warning",
  title: "An older recovery point",
  examined: "the chosen recovery point and the one that the item runs from",
  found: `item ${itemId} goes back by ${Math.round(seconds)} s`,
  why: "What was written between the two points is lost.",
  fix: "Choose a newer recovery point to keep it.",
});
