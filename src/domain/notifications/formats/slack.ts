import {
  literal,
  MAX_FIELD,
  MAX_FIELDS,
  MAX_HEADER,
  MAX_SECTION,
  markdown,
  plain,
  section,
} from "../../approvals/formats/slack.js";
import type { NotificationEvent } from "../event.js";
import { headlineOf } from "../words.js";
import type { EventLink } from "./cloud-event.js";

/** Blocks with the headline, the text, the facts and the address. */
export function slackMessage(event: NotificationEvent, { path, url }: EventLink): object {
  const fields = event.facts.slice(0, MAX_FIELDS).map(({ title, value }) => {
    const head = `*${literal(title, 100)}*\n`;
    return markdown(`${head}${literal(value, MAX_FIELD - head.length)}`);
  });
  return {
    text: literal(`${headlineOf(event)}: ${event.text}`, MAX_SECTION),
    blocks: [
      { type: "header", text: plain(headlineOf(event), MAX_HEADER) },
      section(event.text),
      ...(fields.length === 0 ? [] : [{ type: "section", fields }]),
      { type: "context", elements: [plain(`${url ?? path} at ${event.at}`, MAX_FIELD)] },
    ],
  };
}
