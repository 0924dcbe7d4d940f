import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise, type ICruiseOptions, type ICruiseResult } from "dependency-cruiser";
import { afterAll, beforeAll, expect, test } from "vitest";

const configuration = createRequire(import.meta.url)("../../.dependency-cruiser.cjs");

/** Per rule: the importing file and the text that breaks it. */
const BREAKS: [rule: string, file: string, text: string][] = [
  ["no-cycles", "src/domain/left.ts", 'import "./right.js";'],
  ["resolvable", "src/domain/lost.ts", 'import "./nowhere.js";'],
  ["host-stands-alone", "host/peek.ts", 'import "../src/domain/leaf.js";'],
  ["app-stands-alone", "src/commands/peek.ts", 'import "../../host/leaf.js";'],
  ["host-stands-alone", "host/verified.ts", 'import "../verification/leaf.js";'],
  ["app-stands-alone", "src/domain/verified.ts", 'import "../../verification/leaf.js";'],
  ["demo-is-a-client", "demo/inside.ts", 'import "../src/store/port.js";'],
  ["verifier-stands-alone", "verify/trusts.mjs", 'import "../src/domain/leaf.js";'],
  ["domain-is-pure", "src/domain/reads.ts", 'import "node:fs";'],
  ["steps-are-declarations", "src/steps/runs.ts", 'import "../store/port.js";'],
  ["workflows-know-contracts", "src/orchestrators/hurried.ts", 'import "../activities/boot.js";'],
  ["executions-are-below", "src/executions/asks.ts", 'import "../activities/boot.js";'],
  ["delivery-stands-apart", "src/delivery/stores.ts", 'import "../store/port.js";'],
  ["notifications-are-below", "src/notifications/asks.ts", 'import "../commands/leaf.js";'],
  ["commands-call-no-activity", "src/commands/acts.ts", 'import "../activities/boot.js";'],
  ["ports-before-adapters", "src/commands/shortcut.ts", 'import "../store/tables/rows.js";'],
  ["store-and-hypervisor-are-below", "src/store/tables/upward.ts", 'import "../../commands/leaf.js";'],
  ["identity-stands-apart", "src/identity/calls.ts", 'import "../commands/leaf.js";'],
  ["identity-from-composition", "src/commands/identifies.ts", 'import "../identity/leaf.js";'],
  ["activities-are-leaves", "src/activities/asks.ts", 'import "../commands/leaf.js";'],
  ["commands-know-no-transport", "src/commands/replies.ts", 'import "../api/leaf.js";'],
  ["api-knows-no-machinery", "src/api/hurried.ts", 'import "../orchestrators/leaf.js";'],
  ["triggers-only-at-the-edge", "src/commands/triggers.ts", 'import "../functions/leaf.js";'],
  ["composition-at-the-edge", "src/activities/builds.ts", 'import "../composition.js";'],
  [
    "durable-functions-in-one-room",
    "src/orchestrators/calls.ts",
    'import { app } from "durable-functions";\nexport { app };',
  ],
  ["functions-library-at-the-edge", "src/api/serves.ts", 'import { app } from "@azure/functions";\nexport { app };'],
  [
    "azure-clients-from-composition",
    "src/commands/stores.ts",
    'import { TableClient } from "@azure/data-tables";\nexport { TableClient };',
  ],
];

const LEAVES = [
  "host/leaf.ts",
  "src/activities/boot.ts",
  "src/executions/contracts.ts",
  "src/api/leaf.ts",
  "src/commands/leaf.ts",
  "src/composition.ts",
  "src/domain/leaf.ts",
  "src/functions/leaf.ts",
  "src/identity/leaf.ts",
  "src/orchestrators/leaf.ts",
  "src/store/port.ts",
  "src/store/tables/rows.ts",
  "verification/leaf.ts",
];

const ALLOWED: [file: string, text: string][] = [
  ["src/orchestrators/workflow.ts", 'import "../executions/contracts.js";\nimport "../domain/leaf.js";'],
  ["src/orchestrators/typed.ts", 'import type { Task } from "durable-functions";\nexport type One = Task;'],
  ["src/activities/typed.ts", 'import "../store/port.js";'],
];

let tree: string;
let found: Map<string, string[]>;

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), "secondsite-rules-"));
  const files: [string, string][] = [
    ...LEAVES.map((file): [string, string] => [file, "export {};"]),
    ...BREAKS.map(([, file, text]): [string, string] => [file, text]),
    ...ALLOWED,
    ["src/domain/right.ts", 'import "./left.js";'],
    ["package.json", '{ "type": "module", "dependencies": { "durable-functions": "*", "@azure/functions": "*" } }'],
    ...["durable-functions", "@azure/functions", "@azure/data-tables"].flatMap((name): [string, string][] => [
      [`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", main: "index.js" })],
      [`node_modules/${name}/index.js`, "module.exports = {};"],
    ]),
  ];
  for (const [file, text] of files) {
    await mkdir(dirname(join(tree, file)), { recursive: true });
    await writeFile(join(tree, file), text);
  }
  found = await violations();
});

afterAll(() => rm(tree, { recursive: true, force: true }));

/** The names of the rules that each file broke. */
async function violations(): Promise<Map<string, string[]>> {
  const options: ICruiseOptions = {
    ...configuration.options,
    baseDir: tree,
    validate: true,
    ruleSet: { forbidden: configuration.forbidden },
  };
  const { output } = await cruise(["src", "host", "demo", "verify"], options);
  const byFile = new Map<string, string[]>();
  for (const { from, rule } of (output as ICruiseResult).summary.violations) {
    byFile.set(from, [...(byFile.get(from) ?? []), rule.name]);
  }
  return byFile;
}

test.each(BREAKS)("%s: %s", (rule, file) => {
  expect(found.get(file)).toContain(rule);
});

test("every rule has a break above, but for the one about development packages", () => {
  const shown = new Set(BREAKS.map(([rule]) => rule));
  const all: string[] = configuration.forbidden.map((rule: { name: string }) => rule.name);
  expect(all.filter((name) => !shown.has(name))).toEqual(["app-needs-no-tools"]);
});

test.each(ALLOWED)("%s breaks nothing", (file) => {
  expect(found.get(file)).toBeUndefined();
});
