/**
 * Mutants: small changes of a source file that its tests have to notice.
 *
 * - M1 A mutant parses, differs from the source in more than white space, and declares each name before its use.
 *   (mutants.test.ts: a value is computed twice, and neither dropped nor moved behind its use)
 * - M2 Its id holds for as long as the mutated code does: it contains no line number, and no two mutants share one.
 *   (mutants.test.ts: the same change twice in a function has two ids)
 */
import ts from "typescript";
import { applyEdits, type Draft } from "./edits.js";
import { optionMutants, rowMutants } from "./step-lists.js";
import { yieldMutants } from "./yield-statements.js";

/** One change of one source file. */
export interface Mutant {
  /** The same for as long as the mutated code is: it has no line number. */
  id: string;
  file: string;
  line: number;
  kind: string;
  /** The whole text of the file with the change. */
  text: string;
}

/** Every mutant of a source file that parses and differs from it. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const root = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const seen = new Map<string, number>();
  return [...yieldMutants(root), ...rowMutants(root), ...optionMutants(root)].flatMap((draft) => {
    const text = applyEdits(source, draft.edits);
    if (withoutSpaces(text) === withoutSpaces(source) || !parses(text)) return [];
    const name = `${file} ${nameOfScope(draft.node)}: ${draft.kind} ${draft.label}`;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return [{ id: count === 1 ? name : `${name} (${count})`, file, line: lineOf(root, draft), kind: draft.kind, text }];
  });
}

const withoutSpaces = (text: string): string => text.replace(/\s+/g, "");

const parses = (text: string): boolean =>
  ts.transpileModule(text, { reportDiagnostics: true, compilerOptions: { target: ts.ScriptTarget.ES2022 } }).diagnostics
    ?.length === 0;

const lineOf = (root: ts.SourceFile, { node }: Draft): number =>
  root.getLineAndCharacterOfPosition(node.getStart()).line + 1;

/** The function or constant that a node stands in. */
function nameOfScope(node: ts.Node): string {
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) return node.name?.getText() ?? "function";
  if (ts.isVariableDeclaration(node) && ts.isSourceFile(node.parent.parent.parent)) return node.name.getText();
  return ts.isSourceFile(node) ? "module" : nameOfScope(node.parent);
}
