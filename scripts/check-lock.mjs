/**
 * Fails when the lock file would not install elsewhere: with a registry's address in it, or without the packages of
 * other platforms, which npm leaves out when they are missing where it runs and then refuses in `npm ci`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./program.mjs";

for (const file of ["package-lock.json", "bench/package-lock.json"]) {
  const { packages } = JSON.parse(readFileSync(join(ROOT, file), "utf8"));
  const names = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, "")));
  const addressed = Object.keys(packages).filter((path) => packages[path].resolved !== undefined);
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => !names.has(name));
  for (const path of addressed) console.error(`${file}: ${path} carries a registry's address.`);
  for (const name of missing) console.error(`${file}: optional package ${name} is missing.`);
  if (addressed.length > 0 || missing.length > 0) {
    console.error("Keep .npmrc, delete node_modules and the lock file, and run npm install with the public registry.");
    process.exitCode = 1;
  }
}
