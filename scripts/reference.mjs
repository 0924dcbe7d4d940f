/**
 * Writes docs/reference from the code that decides, so the pages cannot drift. With `--check` it writes nothing and
 * fails when a page is stale. Needs a build.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./program.mjs";
import { errorsPage } from "./reference/errors.mjs";
import { httpApiPage } from "./reference/http-api.mjs";
import { transitionsPage } from "./reference/transitions.mjs";

const built = (path) => import(join(ROOT, "dist/src", path));

const FOLDER = join(ROOT, "docs/reference");
const PAGES = {
  "errors.md": errorsPage(await built("domain/errors.js")),
  "http-api.md": httpApiPage({ ...(await built("api/openapi.js")), ...(await built("api/routes.js")) }),
  "transitions.md": transitionsPage({
    ...(await built("domain/lifecycle.js")),
    ...(await built("domain/vocabulary.js")),
  }),
};

mkdirSync(FOLDER, { recursive: true });
const stale = Object.entries(PAGES).filter(([name, text]) => read(join(FOLDER, name)) !== `${text}\n`);

if (process.argv.includes("--check")) {
  for (const [name] of stale) console.error(`docs/reference/${name} is stale: run npm run reference and commit it.`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  for (const [name, text] of stale) writeFileSync(join(FOLDER, name), `${text}\n`);
  console.log(`docs/reference: ${Object.keys(PAGES).length} pages, ${stale.length} changed`);
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
