/** Assertions that hold although the thing they speak of is missing. Each was found to hide a bug. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { globSync } from "tinyglobby";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FILES = globSync(["{test,host/test,verification}/**/*.ts"], { cwd: ROOT });

const WEAK: readonly [string, RegExp, string][] = [
  [
    "`every` of a list that may be empty",
    /expect\([^;]*\.every\([^;]*\)\.toBe\(true\)/g,
    "compare the list, or what it has too much",
  ],
  ["`not.toBeNull` of what may be undefined", /\.not\.toBeNull\(\)/g, "compare with the value that it must have"],
  ["`toBeDefined` of any value", /\.(toBeDefined|not\.toBeUndefined)\(\)/g, "compare with the value that it must have"],
  ["an expectation only where something throws", /catch \([^)]*\) \{[^}]*expect\(/g, "expect the rejection"],
];

test.each(WEAK)("no test has %s", (_, pattern, instead) => {
  expect(FILES.length).toBeGreaterThan(100);
  const found = FILES.flatMap((file) =>
    [...readFileSync(`${ROOT}/${file}`, "utf8").matchAll(pattern)].map(([text]) => `${file}: ${text}; ${instead}`),
  );
  expect(found.filter((line) => !line.startsWith("test/tools/weak-tests"))).toEqual([]);
});
