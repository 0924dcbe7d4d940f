import type { AskMessage } from "../ask-message.js";
import { clip, endOf, factsOf, hasAddress, hashPrefix, headlineOf } from "../ask-words.js";

/** A message of Teams has 28 KB at most. Nine facts of this length stay far below. */
export const MAX_VALUE = 600;

/** Text that Teams shows as it is: a `TextBlock` would make links of what somebody put into a name. */
export const literal = (text: string, style: object = {}) => ({
  type: "RichTextBlock",
  inlines: [{ type: "TextRun", text, ...style }],
});

export const fact = ({ title, value }: { title: string; value: string }) => ({
  type: "RichTextBlock",
  spacing: "Small",
  inlines: [
    { type: "TextRun", text: `${title}: `, weight: "Bolder" },
    { type: "TextRun", text: clip(value, MAX_VALUE) },
  ],
});

/** A card can only open a link, so the decision is made on the page, or by a message to the outgoing webhook. */
export function teamsCard(message: AskMessage): object {
  const { ask } = message;
  const headline = literal(clip(headlineOf(message), MAX_VALUE), { weight: "Bolder", size: "Large" });
  const isOpen = message.kind !== "closed";
  const body =
    message.kind === "closed"
      ? [headline, literal(clip(`The approval was ${endOf(message)}`, MAX_VALUE))]
      : [
          headline,
          ...factsOf(ask).map(fact),
          literal(`approve ${ask.approvalId} ${hashPrefix(ask)}`, { fontType: "Monospace", size: "Small" }),
        ];
  const actions = hasAddress(ask) ? [{ type: "Action.OpenUrl", title: isOpen ? "Decide" : "Show", url: ask.link }] : [];
  return cardMessage(body, actions);
}

/** A card as a workflow of Teams posts it. */
export function cardMessage(body: readonly object[], actions: readonly object[]): object {
  const card = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    msteams: { width: "Full" },
    body,
    actions,
  };
  return {
    type: "message",
    attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content: card }],
  };
}
