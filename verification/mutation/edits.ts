import ts from "typescript";

/** What a mutant replaces in a source text. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** A mutant of one file before it has its id. */
export interface Draft {
  kind: string;
  /** The mutated node. */
  node: ts.Node;
  /** Tells mutants of the same kind apart. */
  label: string;
  edits: readonly Edit[];
}

const MAX_LABEL = 70;

/** The text of a node on one line, cut to a readable length. */
export function oneLine(node: ts.Node): string {
  const text = node.getText().replace(/\s+/g, " ");
  return text.length <= MAX_LABEL ? text : `${text.slice(0, MAX_LABEL)}…`;
}

export const replace = (node: ts.Node, text: string): Edit => ({ start: node.getStart(), end: node.end, text });

export const drop = (node: ts.Node): Draft => ({
  kind: "drop",
  node,
  label: oneLine(node),
  edits: [replace(node, "")],
});

export const swap = (first: ts.Node, second: ts.Node): Draft => ({
  kind: "swap",
  node: first,
  label: `${oneLine(first)} ↔ ${oneLine(second)}`,
  edits: [replace(first, second.getText()), replace(second, first.getText())],
});

/** Removes an element or property together with the comma that follows it. */
export function dropFromList(list: readonly ts.Node[], at: number): Draft[] {
  const node = list[at];
  if (node === undefined) return [];
  const end = list[at + 1]?.getStart() ?? node.end;
  const start = list[at + 1] === undefined ? (list[at - 1]?.end ?? node.getStart()) : node.getStart();
  return [{ kind: "drop", node, label: oneLine(node), edits: [{ start, end, text: "" }] }];
}

export function applyEdits(source: string, edits: readonly Edit[]): string {
  const fromTheEnd = edits.toSorted((a, b) => b.start - a.start);
  return fromTheEnd.reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), source);
}

/** Every node below `root` for which `wanted` holds, in the order of the source. */
export function nodesOf<N extends ts.Node>(root: ts.Node, wanted: (node: ts.Node) => node is N): N[] {
  const found: N[] = [];
  const visit = (node: ts.Node): void => {
    if (wanted(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return found;
}
