/**
 * Writes docs/reference and docs/behaviours.md from the code that decides, so the pages cannot drift. With `--check`
 * it writes nothing and fails when a page is stale. Either way it fails when a behaviour has no test. Needs a build.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./program.mjs";
import { behaviourProblems, behavioursPage, notShown, readBehaviours } from "./reference/behaviours.mjs";
import { errorsPage } from "./reference/errors.mjs";
import { httpApiPage } from "./reference/http-api.mjs";
import { transitionsPage } from "./reference/transitions.mjs";

const built = (path) => import(join(ROOT, "dist/src", path));

const FOLDER = join(ROOT, "docs");
const behaviours = readBehaviours();
const PAGES = {
  "behaviours.md": behavioursPage(behaviours),
  "reference/errors.md": errorsPage(await built("domain/errors.js")),
  "reference/http-api.md": httpApiPage({ ...(await built("api/openapi.js")), ...(await built("api/routes.js")) }),
  "reference/transitions.md": transitionsPage({
    ...(await built("domain/items/lifecycle.js")),
    ...(await built("domain/vocabulary.js")),
  }),
};

mkdirSync(join(FOLDER, "reference"), { recursive: true });
const stale = Object.entries(PAGES).filter(([name, text]) => read(join(FOLDER, name)) !== `${text}\n`);

if (process.argv.includes("--check")) {
  for (const [name] of stale) console.error(`docs/${name} is stale: run npm run reference and commit it.`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  for (const [name, text] of stale) writeFileSync(join(FOLDER, name), `${text}\n`);
  console.log(`docs: ${Object.keys(PAGES).length} pages, ${stale.length} changed`);
}

for (const { id, notShown: why } of notShown(behaviours)) console.warn(`behaviour ${id} is not shown: ${why}`);
const problems = behaviourProblems(behaviours);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
