import type { ClosedMessage, OpenMessage } from "../ask-message.js";
import { clip, endOf, factsOf, hasAddress, headlineOf, referenceOf } from "../ask-words.js";

/** The second one is for the public sector of the United States. */
export const SLACK_HOSTS = ["hooks.slack.com", "hooks.slack-gov.com"];

/** Limits of Block Kit, in characters. */
export const MAX_HEADER = 150;
export const MAX_FIELD = 2_000;
export const MAX_FIELDS = 10;
export const MAX_SECTION = 3_000;

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** A text that Slack shows as it is: without mentions and links that somebody put into a name. */
export function literal(text: string, max: number): string {
  let kept = "";
  for (const character of clip(text, max)) {
    const next = ESCAPES[character] ?? character;
    if (kept.length + next.length > max - 1) return `${kept}…`;
    kept += next;
  }
  return kept;
}

export const plain = (text: string, max: number) => ({ type: "plain_text", text: clip(text, max), emoji: false });
export const markdown = (text: string) => ({ type: "mrkdwn", text, verbatim: true });
export const section = (text: string) => ({ type: "section", text: markdown(literal(text, MAX_SECTION)) });

function button(decision: "approve" | "decline", value: string) {
  const [title, style] = decision === "approve" ? ["Approve", "primary"] : ["Decline", "danger"];
  return {
    type: "button",
    action_id: decision,
    text: plain(title, 75),
    style,
    value,
    confirm: {
      title: plain(`${title}?`, 100),
      text: plain("Your decision is recorded under your name and stands.", 300),
      confirm: plain(title, 30),
      deny: plain("Back", 30),
    },
  };
}

/** Blocks with the facts, a field for the reason, and two buttons whose value says what they are about. */
export function slackAsk(message: OpenMessage): object {
  const { ask } = message;
  const fields = factsOf(ask).map(({ title, value }) => {
    const head = `*${title}*\n`;
    return markdown(`${head}${literal(value, MAX_FIELD - head.length)}`);
  });
  const value = referenceOf(ask);
  const where = hasAddress(ask) ? ask.link : `Approval ${ask.approvalId}`;
  return {
    text: literal(headlineOf(message), MAX_SECTION),
    blocks: [
      { type: "header", text: plain(headlineOf(message), MAX_HEADER) },
      { type: "section", fields: fields.slice(0, MAX_FIELDS) },
      {
        type: "input",
        block_id: "reason",
        optional: true,
        label: plain("Reason (write it before you decide)", 100),
        element: { type: "plain_text_input", action_id: "reason", max_length: 1_000 },
      },
      { type: "actions", block_id: "decision", elements: [button("approve", value), button("decline", value)] },
      { type: "context", elements: [plain(where, MAX_FIELD)] },
    ],
  };
}

/** What takes the place of the buttons, or follows them in the channel. */
export function slackClosing(message: ClosedMessage, { replaces }: { replaces: boolean }): object {
  const { ask } = message;
  return {
    ...(replaces ? { replace_original: true } : {}),
    text: literal(headlineOf(message), MAX_SECTION),
    blocks: [
      { type: "header", text: plain(headlineOf(message), MAX_HEADER) },
      section(`The approval was ${endOf(message)}`),
      { type: "context", elements: [plain(`Approval ${ask.approvalId}`, MAX_FIELD)] },
    ],
  };
}
