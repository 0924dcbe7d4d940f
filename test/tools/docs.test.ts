import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

const PAGES = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "host/README.md",
  "samples/README.md",
  "test/README.md",
  ...(await pagesBelow("docs")),
];
const { scripts } = JSON.parse(await readFile("package.json", "utf8"));

async function pagesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith(".md")).map((name) => join(folder, name));
}

/** Everything the pattern's first group finds in a text. */
function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = ""]) => found);
}

describe.each(PAGES)("%s", (page) => {
  test("leads to files that are there", async () => {
    const links = all(await readFile(page, "utf8"), /\]\(([^)#]+)[^)]*\)/g).filter((link) => !/^[a-z]+:/.test(link));
    expect(links.filter((link) => !existsSync(join(dirname(page), link)))).toEqual([]);
  });

  test("names files that are there", async () => {
    const named = all(await readFile(page, "utf8"), /`((?:src|host|test|docs|scripts|tools|samples)\/[\w./-]+\.\w+)`/g);
    expect(named.filter((file) => !existsSync(file))).toEqual([]);
  });

  test("names commands that package.json has", async () => {
    const commands = all(await readFile(page, "utf8"), /npm run ([a-z]+)/g);
    expect(commands.filter((command) => !Object.hasOwn(scripts, command))).toEqual([]);
  });
});

test("ARCHITECTURE.md shows every room of src", async () => {
  const text = await readFile("ARCHITECTURE.md", "utf8");
  const rooms = (await readdir("src", { withFileTypes: true })).filter((entry) => entry.isDirectory());
  expect(rooms.map(({ name }) => `${name}/`).filter((room) => !text.includes(`  ${room} `))).toEqual([]);
});
