import type { ApprovalAsk, ApprovalPoint } from "./ask.js";
import type { AskMessage, ClosedMessage } from "./ask-message.js";

/** A text of at most `max` UTF-16 units, which is how receivers count. It is cut between characters. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  let kept = "";
  for (const character of text) {
    if (kept.length + character.length > max - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** JSON in ASCII only, for receivers that count or sign UTF-16 units instead of bytes. */
export const asciiJson = (value: object): string =>
  JSON.stringify(value).replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Items that a message names. The link shows them all. */
const MAX_NAMED_ITEMS = 20;

/** The digits of the hash that a person or a short field repeats. */
export const HASH_PREFIX_DIGITS = 16;

export const hashPrefix = ({ hash }: ApprovalAsk): string => hash.slice(0, HASH_PREFIX_DIGITS);

/** How a decision names what it is about: the approval, and the content that the person saw. */
export const referenceOf = (ask: ApprovalAsk): string => `${ask.approvalId} ${ask.hash}`;

export const hasAddress = ({ link }: ApprovalAsk): boolean => /^https?:\/\//.test(link);

/** One line that says what is asked, or how it ended. */
export function headlineOf(message: AskMessage): string {
  const { ask } = message;
  const what = `"${ask.name}" for ${ask.verb} of plan ${ask.planName}`;
  if (message.kind === "closed") return `Approval ${END_IN_WORDS[message.closing.end]}: ${what}`;
  return message.kind === "escalated" ? `Approval still needed: ${what}` : `Approval needed: ${what}`;
}

const END_IN_WORDS = {
  approved: "given",
  "broken-glass": "bypassed by break-glass",
  declined: "declined",
  expired: "expired",
  void: "void",
} as const;

/** Who ended it, and why. */
export function endOf({ closing: { end, people, reason } }: ClosedMessage): string {
  const who = people.length === 0 ? "" : ` by ${people.join(", ")}`;
  return `${END_IN_WORDS[end]}${who}${reason === "" ? "" : `: ${reason}`}`;
}

function pointInWords(point: ApprovalPoint): string {
  if (point.kind === "group") return `group ${point.groupId}`;
  return point.kind === "action" ? `action ${point.actionId}` : `the ${point.kind}`;
}

const seconds = (value: number | null, none: string): string => (value === null ? none : `${value} s`);

function itemsInWords({ itemIds }: ApprovalAsk): string {
  const more = itemIds.length - MAX_NAMED_ITEMS;
  const named = itemIds.slice(0, MAX_NAMED_ITEMS).join(", ");
  return `${itemIds.length}: ${named}${more > 0 ? ` and ${more} more` : ""}`;
}

function recoveryPointInWords({ recoveryPoint }: ApprovalAsk): string {
  const { kind, ...rest } = recoveryPoint;
  const details = Object.values(rest).map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
  return [kind, ...details].join(" ");
}

function approversInWords({ approvers: { people = [], roles = [] }, needed }: ApprovalAsk): string {
  return `${needed} of ${[...people, ...roles.map((role) => `the role ${role}`)].join(", ")}`;
}

/** What the approver decides on, as titles and values. */
export function factsOf(ask: ApprovalAsk): { title: string; value: string }[] {
  const { ceiling } = ask;
  return [
    { title: "Plan", value: `${ask.planName}, version ${ask.planVersion}` },
    { title: "What", value: `${ask.verb}, ${ask.direction}, before ${pointInWords(ask.before)}` },
    { title: "Items", value: itemsInWords(ask) },
    { title: "Recovery point", value: recoveryPointInWords(ask) },
    { title: "Predicted loss", value: seconds(ask.predictedLossSeconds, "not known") },
    {
      title: "Ceiling",
      value: `loss ${seconds(ceiling.lossSeconds, "not limited")}, leftovers ${ceiling.leftovers}`,
    },
    { title: "Requested by", value: `${ask.requestedBy} at ${ask.requestedAt}` },
    { title: "Needed", value: approversInWords(ask) },
    { title: "Open until", value: ask.expiresAt },
  ];
}
