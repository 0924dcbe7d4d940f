/**
 * The evidence of an execution as a page that prints on A4. It shows what the file has and adds nothing; the file is what
 * counts. Every text is escaped, and the page needs nothing from elsewhere.
 */
import type { Anchor } from "./anchor.js";
import type { SealedEvent } from "./sealed.js";

type Json = unknown;
type Fields = Readonly<Record<string, Json>>;

export interface ReportSource {
  executionId: string;
  exportedAt: string;
  execution: { links: readonly SealedEvent[] };
  anchor: Anchor | null;
}

/** More rows than anybody reads on paper; the file has all of them. */
const MAX_ROWS = 500;

const TITLES: Readonly<Record<string, string>> = {
  identity: "What was exercised",
  opening: "Fixed before the start",
  plan: "Plan",
  dependencies: "Dependencies and third parties",
  people: "People and approvals",
  environment: "Environment and isolation",
  order: "Order, planned and actual",
  steps: "Steps, executed and not",
  machines: "Machines, recovery points and losses",
  probes: "Probes",
  measures: "Measured against target",
  return: "Return and clean-up",
  deviations: "Deviations and manual work",
  deficiencies: "Deficiencies and lessons",
  verdict: "Verdict",
};

/** The sections of a file, in their order. */
export const EVIDENCE_SECTIONS = Object.keys(TITLES);

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

const isFields = (value: Json): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** `recoveryPoint` as "Recovery point". */
function labelOf(name: string): string {
  const words = name.replace(
    /([a-z])([A-Z])/g,
    (_match, end: string, begin: string) => `${end} ${begin.toLowerCase()}`,
  );
  return escapeHtml(words.charAt(0).toUpperCase() + words.slice(1));
}

const STYLE = `
@page { size: A4; margin: 18mm 15mm; }
body { font: 10pt/1.4 system-ui, sans-serif; color: #111; max-width: 180mm; margin: 0 auto; }
h1 { font-size: 16pt; margin: 0 0 2mm; } h2 { font-size: 12pt; margin: 6mm 0 2mm; break-after: avoid; }
table { border-collapse: collapse; width: 100%; margin: 0 0 3mm; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: 1mm 2mm; border-bottom: 0.2mm solid #bbb; overflow-wrap: anywhere; }
thead { display: table-header-group; } tr { break-inside: avoid; }
table.fields > tbody > tr > th { width: 42mm; font-weight: 600; }
.unknown { color: #666; font-style: italic; } code { font-size: 8pt; overflow-wrap: anywhere; }
td table { margin: 0; } footer { margin-top: 8mm; font-size: 8pt; color: #444; }
`;

export function reportOf(source: ReportSource): string {
  const sections = source.execution.links.flatMap(({ content }) =>
    content.kind === "section" && isFields(content.data) ? [{ name: content.name, data: content.data }] : [],
  );
  const title = `Evidence of execution ${source.executionId}`;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escapeHtml(title)}</h1>`,
    `<p>Made ${escapeHtml(source.exportedAt)} from the sealed record. Times are UTC.</p>`,
    ...sections.map(
      ({ name, data }) => `<section><h2>${TITLES[name] ?? labelOf(name)}</h2>${fieldsTable(data)}</section>`,
    ),
    footerOf(source),
    "</body></html>",
  ].join("\n");
}

function footerOf({ execution, anchor }: ReportSource): string {
  const head = execution.links.at(-1)?.hash ?? "";
  const anchored = anchor
    ? `Record ${anchor.seq} of the log, <code>${escapeHtml(anchor.hash)}</code>, kept in ${escapeHtml(anchor.kept.join(" and "))}.`
    : "Not anchored yet.";
  return [
    `<footer><p>Head of the execution: <code>${escapeHtml(head)}</code>. ${anchored}</p>`,
    "<p>This page is for reading. What proves it is the JSON file of the same execution, which <code>secondsite-verify</code> checks.",
    "It is evidence toward the requirements of an auditor, and no statement about any of them.</p></footer>",
  ].join(" ");
}

/** The fields of a section, those that are not known with the reason. */
function fieldsTable({ notKnown, ...fields }: Fields): string {
  const reasons = isFields(notKnown) ? notKnown : {};
  const rows = Object.entries(fields).map(([name, value]) => {
    const reason = reasons[name];
    const shown =
      value === null && typeof reason === "string"
        ? `<span class="unknown">not known: ${escapeHtml(reason)}</span>`
        : shownAs(value);
    return `<tr><th scope="row">${labelOf(name)}</th><td>${shown}</td></tr>`;
  });
  return `<table class="fields"><tbody>${rows.join("")}</tbody></table>`;
}

function shownAs(value: Json): string {
  if (value === null || value === undefined) return '<span class="unknown">none</span>';
  if (Array.isArray(value)) return listOf(value);
  if (isFields(value)) return nested(value);
  return escapeHtml(String(value));
}

function listOf(values: readonly Json[]): string {
  if (values.length === 0) return '<span class="unknown">none</span>';
  const shown = values.slice(0, MAX_ROWS);
  const rest = values.length - shown.length;
  const more = rest > 0 ? `<p>${rest} more are in the file.</p>` : "";
  const isSimple = shown.every((value) => typeof value !== "object" || value === null);
  if (isSimple) return escapeHtml(shown.map(String).join(", ")) + more;
  return shown.map((value) => `<div>${shownAs(value)}</div>`).join("") + more;
}

/** An object within a field: its fields on one line each, simple ones together. */
function nested(fields: Fields): string {
  const entries = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  const isSimple = entries.every(([, value]) => typeof value !== "object");
  if (isSimple) return entries.map(([name, value]) => `${labelOf(name)}: ${escapeHtml(String(value))}`).join("; ");
  const rows = entries.map(
    ([name, value]) => `<tr><th scope="row">${labelOf(name)}</th><td>${shownAs(value)}</td></tr>`,
  );
  return `<table><tbody>${rows.join("")}</tbody></table>`;
}
