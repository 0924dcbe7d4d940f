import ts from "typescript";
import { type Draft, drop, nodesOf, oneLine, replace, swap } from "./edits.js";

/** Mutants of statements with a `yield*`: what a workflow does, and in which order. */
export function yieldMutants(root: ts.SourceFile): Draft[] {
  const statements = [...new Set(nodesOf(root, isDelegation).map(statementOf))];
  return statements.flatMap((statement, at) => {
    const next = statements.slice(at + 1).find(({ parent }) => parent === statement.parent);
    return [
      ...(givesValue(statement) ? [] : [drop(statement)]),
      duplicate(statement),
      ...(next && canSwap(statement, next) ? [swap(statement, next)] : []),
    ];
  });
}

const isDelegation = (node: ts.Node): node is ts.YieldExpression =>
  ts.isYieldExpression(node) && node.asteriskToken !== undefined;

/** The statement of a block that an expression belongs to. */
function statementOf(expression: ts.Node): ts.Statement {
  let node = expression;
  while (!(ts.isStatement(node) && (ts.isBlock(node.parent) || ts.isSourceFile(node.parent)))) node = node.parent;
  return node;
}

/** The code after such a statement does not compile without it. */
const givesValue = (statement: ts.Statement): boolean =>
  ts.isVariableStatement(statement) || (ts.isReturnStatement(statement) && statement.expression !== undefined);

/** Does it twice. A name cannot be declared twice, so its value is computed twice instead. */
function duplicate(statement: ts.Statement): Draft {
  const values = valuesOf(statement).map((value) => `(${value.getText()});`);
  const first = values.length > 0 ? values.join(" ") : statement.getText();
  const edits = [replace(statement, `${first} ${statement.getText()}`)];
  return { kind: "duplicate", node: statement, label: oneLine(statement), edits };
}

function valuesOf(statement: ts.Statement): ts.Expression[] {
  if (ts.isReturnStatement(statement)) return statement.expression ? [statement.expression] : [];
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.flatMap(({ initializer }) => (initializer ? [initializer] : []));
}

/** No swap puts the use of a name before its declaration: that does not compile. */
function canSwap(first: ts.Statement, second: ts.Statement): boolean {
  const block = first.parent as ts.Block;
  const moved = block.statements.slice(block.statements.indexOf(first), block.statements.indexOf(second) + 1);
  const between = moved.slice(1, -1);
  const usesNone = (users: readonly ts.Statement[], declarers: readonly ts.Statement[]): boolean => {
    const declared = new Set(declarers.flatMap(namesDeclaredBy));
    return !users.some((user) => namesUsedBy(user).some((name) => declared.has(name)));
  };
  return usesNone([second], [first, ...between]) && usesNone(between, [first]);
}

function namesDeclaredBy(statement: ts.Statement): string[] {
  if (!ts.isVariableStatement(statement)) return [];
  const names = statement.declarationList.declarations.flatMap(({ name }) => nodesOf(name, ts.isIdentifier));
  return names.map(({ text }) => text);
}

function namesUsedBy(statement: ts.Statement): string[] {
  const isMember = (name: ts.Identifier): boolean =>
    (ts.isPropertyAccessExpression(name.parent) && name.parent.name === name) ||
    (ts.isPropertyAssignment(name.parent) && name.parent.name === name);
  return nodesOf(statement, ts.isIdentifier).flatMap((name) => (isMember(name) ? [] : [name.text]));
}
