import ts from "typescript";
import { type Draft, dropFromList, nodesOf, oneLine, replace, swap } from "./edits.js";

const DROPPED_OPTIONS: ReadonlySet<string> = new Set(["isDone", "onDone", "onResult", "onFailure"]);

/** Mutants of the rows of step lists: which steps a workflow has, and in which order. */
export function rowMutants(root: ts.SourceFile): Draft[] {
  return nodesOf(root, isStepList).flatMap(({ elements }) =>
    elements.flatMap((row, at) => {
      const next = elements[at + 1];
      const twice = `${row.getText()}, ${row.getText()}`;
      return [
        ...dropFromList(elements, at),
        { kind: "duplicate", node: row, label: oneLine(row), edits: [replace(row, twice)] },
        ...(next ? [swap(row, next)] : []),
      ];
    }),
  );
}

/** Mutants of the predicates and callbacks of steps. */
export function optionMutants(root: ts.SourceFile): Draft[] {
  const calls = nodesOf(root, ts.isCallExpression).filter((call) => isCallOf(call, "step"));
  return calls.flatMap((call) => {
    const options = call.arguments[1];
    if (options === undefined || !ts.isObjectLiteralExpression(options)) return [];
    const step = call.arguments[0]?.getText();
    return options.properties.flatMap((property, at) => {
      const name = property.name?.getText() ?? "";
      const label = `${name} of ${step}`;
      if (name === "when" && ts.isPropertyAssignment(property)) return [{ ...negate(property), label }];
      if (!DROPPED_OPTIONS.has(name)) return [];
      return dropFromList(options.properties, at).map((draft) => ({ ...draft, label }));
    });
  });
}

const negate = (property: ts.PropertyAssignment): Omit<Draft, "label"> => ({
  kind: "negate",
  node: property,
  edits: [replace(property.initializer, `(item) => !(${property.initializer.getText()})(item)`)],
});

const isCallOf = ({ expression }: ts.CallExpression, name: string): boolean =>
  ts.isIdentifier(expression) && expression.text === name;

const isStepList = (node: ts.Node): node is ts.ArrayLiteralExpression =>
  ts.isArrayLiteralExpression(node) &&
  ((ts.isCallExpression(node.parent) && isCallOf(node.parent, "itemWorkflow")) ||
    node.elements.some((row) => ts.isCallExpression(row) && isCallOf(row, "step")));
