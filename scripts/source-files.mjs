import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { ROOT } from "./program.mjs";

const SKIPPED = new Set(["node_modules", "dist", ".git", ".secondsite", "coverage"]);

/** Files below the given folders of the repository, as paths with `/` relative to its top. */
export function sourceFiles(folders, matches) {
  return folders
    .flatMap((folder) => filesBelow(join(ROOT, folder)))
    .map((file) => relative(ROOT, file).split(sep).join("/"))
    .filter(matches)
    .sort();
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path);
    return [path];
  });
}
