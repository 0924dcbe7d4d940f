import { clip } from "../../approvals/ask-words.js";
import { cardMessage, fact, literal, MAX_VALUE } from "../../approvals/formats/teams.js";
import type { NotificationEvent } from "../event.js";
import { headlineOf } from "../words.js";
import type { EventLink } from "./cloud-event.js";

/** Ten facts of characters that JSON writes with six stay below the 28 KB of a message. */
const MAX_FACT = 250;

/** A card with the headline, the text and the facts, and a link where the installation knows its address. */
export function teamsMessage(event: NotificationEvent, { url }: EventLink): object {
  const body = [
    literal(clip(headlineOf(event), MAX_VALUE), { weight: "Bolder", size: "Large" }),
    literal(clip(event.text, MAX_VALUE)),
    ...event.facts.map(({ title, value }) => fact({ title, value: clip(value, MAX_FACT) })),
  ];
  return cardMessage(body, url === null ? [] : [{ type: "Action.OpenUrl", title: "Show", url }]);
}
