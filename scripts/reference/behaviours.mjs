import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { ROOT } from "../program.mjs";
import { sourceFiles } from "../source-files.mjs";

const FOLDER = "test/behaviours";
const ID = /^[A-Z]\d+$/;

/** The behaviours there are, in our words, and the tests whose titles name them. */
export function readBehaviours() {
  const behaviours = JSON.parse(readFileSync(join(ROOT, FOLDER, "behaviours.json"), "utf8"));
  const files = sourceFiles([FOLDER], (file) => file.endsWith(".test.ts"));
  return { behaviours, tests: files.flatMap((file) => testsIn(file, readFileSync(join(ROOT, file), "utf8"))) };
}

/** Tests of a file: the ids that their titles begin with, and whether they assert anything themselves. */
export function testsIn(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const tests = [];
  const visit = (node) => {
    const found = ts.isCallExpression(node) ? testOf(node) : undefined;
    if (found) tests.push({ file, ...found });
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return tests;
}

/** `test("P2 …", body)`, or with a modifier such as `test.for(rows)("P2 …", body)` or `test.skip("P2 …", body)`. */
function testOf(call) {
  const modifiers = modifiersOf(call.expression);
  const [title, ...rest] = call.arguments;
  if (modifiers === undefined || title === undefined || !ts.isStringLiteralLike(title)) return undefined;
  const words = title.text.split(" ");
  const upTo = words.findIndex((word) => !ID.test(word));
  const runs = modifiers.every((modifier) => ["for", "each", "concurrent", "sequential"].includes(modifier));
  return {
    title: title.text,
    ids: upTo === -1 ? words : words.slice(0, upTo),
    asserts: runs && rest.some(assertsSomething),
  };
}

/** The modifiers of what is called when it is `test` or `it`, else undefined. */
function modifiersOf(callee) {
  if (ts.isIdentifier(callee)) return ["test", "it"].includes(callee.text) ? [] : undefined;
  if (ts.isCallExpression(callee)) return modifiersOf(callee.expression);
  if (!ts.isPropertyAccessExpression(callee)) return undefined;
  const before = modifiersOf(callee.expression);
  return before && [...before, callee.name.text];
}

/** Whether something of `expect(value)` is called, such as `expect(value).toBe(1)`; `expect(value)` alone shows nothing. */
function assertsSomething(node) {
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && isExpectation(node.expression)) {
    return true;
  }
  return ts.forEachChild(node, (child) => assertsSomething(child) || undefined) ?? false;
}

function isExpectation({ expression }) {
  if (ts.isPropertyAccessExpression(expression)) return isExpectation(expression);
  return (
    ts.isCallExpression(expression) && ts.isIdentifier(expression.expression) && expression.expression.text === "expect"
  );
}

/** What is wrong between behaviours and tests, as sentences; empty when each is shown or says why not. */
export function behaviourProblems({ behaviours, tests }) {
  const known = new Set(behaviours.map(({ id }) => id));
  const shown = new Set(tests.flatMap(({ ids }) => ids));
  const twice = behaviours.map(({ id }) => id).filter((id, index, ids) => ids.indexOf(id) !== index);
  return [
    ...twice.map((id) => `${id} stands twice in ${FOLDER}/behaviours.json`),
    ...behaviours
      .filter(({ id, notShown }) => !shown.has(id) && notShown === undefined)
      .map(({ id, says }) => `no test shows ${id}: ${says}`),
    ...behaviours
      .filter(({ id, notShown }) => shown.has(id) && notShown !== undefined)
      .map(({ id }) => `${id} is said not to be shown, and a test shows it`),
    ...tests.flatMap((test) => problemsOfTest(test, known)),
  ];
}

function problemsOfTest({ file, title, ids, asserts }, known) {
  const where = `${file}: "${title}"`;
  return [
    ...(ids.length === 0 ? [`${where} names no behaviour`] : []),
    ...ids.filter((id) => !known.has(id)).map((id) => `${where} names ${id}, which is not in the list`),
    ...(asserts ? [] : [`${where} asserts nothing, or does not run`]),
  ];
}

/** Behaviours that no test shows yet, each with the reason. */
export const notShown = ({ behaviours }) => behaviours.filter(({ notShown: why }) => why !== undefined);

/** The page of behaviours: what each says and which tests show it. */
export function behavioursPage({ behaviours, tests }) {
  const shown = new Set(tests.flatMap(({ ids }) => ids));
  const count = behaviours.filter(({ id }) => shown.has(id)).length;
  return [
    "# Behaviours",
    "",
    "Made from `test/behaviours` by `npm run reference`. The tests go over HTTP, against a running host.",
    "",
    `${count} of ${behaviours.length} are shown.`,
    ...[...new Set(behaviours.map(({ system }) => system))].flatMap((system) =>
      section(
        system,
        behaviours.filter((behaviour) => behaviour.system === system),
        tests,
      ),
    ),
  ].join("\n");
}

function section(system, behaviours, tests) {
  return [
    "",
    `## ${system}`,
    "",
    "| id | what it says | shown by |",
    "| --- | --- | --- |",
    ...behaviours.map(({ id, says, notShown: why }) => {
      const showing = tests.filter(({ ids }) => ids.includes(id)).map(cellOf);
      const by = showing.length > 0 ? showing.join("<br>") : `**not shown**: ${why ?? "no test names it"}`;
      return `| ${id} | ${says} | ${by} |`;
    }),
  ];
}

const cellOf = ({ file, title, ids }) =>
  `[${title
    .slice(ids.join(" ").length + 1)
    .replaceAll("%s", "…")
    .replaceAll("|", "\\|")}](../${file})`;
