import type { AskMessage } from "../ask-message.js";
import { asciiJson, clip, endOf, factsOf, headlineOf } from "../ask-words.js";
import { contentOf } from "./standard.js";

/** Limits of the fields of a task. */
const MAX_SHORT_DESCRIPTION = 160;
const MAX_DESCRIPTION = 4_000;

/**
 * Flat JSON under the names of ServiceNow's fields. It is ASCII only: a script there sees UTF-16, and the signature is
 * over bytes.
 */
export function serviceNowRecord(message: AskMessage): string {
  const { ask, kind } = message;
  const facts = factsOf(ask).map(({ title, value }) => `${title}: ${value}`);
  const lines = message.kind === "closed" ? [`The approval was ${endOf(message)}`, ...facts] : facts;
  return asciiJson({
    event: kind,
    correlation_id: ask.approvalId,
    correlation_display: "Secondsite",
    short_description: clip(headlineOf(message), MAX_SHORT_DESCRIPTION),
    description: clip(lines.join("\n"), MAX_DESCRIPTION),
    due_date: ask.expiresAt,
    hash: ask.hash,
    end: message.kind === "closed" ? message.closing.end : null,
    approval: contentOf(ask),
  });
}
