import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const BIOME = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome");
const ROOT = process.cwd();

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "secondsite-guard-"));
  const configuration = JSON.parse(await readFile(join(ROOT, "biome.json"), "utf8"));
  await writeFile(join(project, "biome.json"), JSON.stringify({ ...configuration, vcs: { enabled: false } }));
  await cp(join(ROOT, "tools"), join(project, "tools"), { recursive: true });
});

afterAll(() => rm(project, { recursive: true, force: true }));

/** What Biome says about `text` when it stands at `path`: one line per finding. */
async function lint(path: string, text: string): Promise<string> {
  const file = join(project, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${text}\n`);
  const { stdout, stderr } = spawnSync(process.execPath, [BIOME, "lint", "--reporter=github", path], {
    cwd: project,
    encoding: "utf8",
  });
  await rm(file);
  return `${stdout}${stderr}`;
}

describe("code that would replay differently is refused", () => {
  test.each([
    ["Math.random()", "export const drawn = Math.random();"],
    ["Date.now()", "export const at = Date.now();"],
    ["new Date()", "export const at = new Date();"],
    ["setTimeout", "setTimeout(() => undefined, 1);"],
    ["fetch", 'export const answer = fetch("http://localhost");'],
    ["process", "export const home = process.env;"],
    ["crypto", "export const id = crypto.randomUUID();"],
    ["performance", "export const at = performance.now();"],
    ["console", 'console.log("once per replay");'],
    ["noRestrictedImports", 'import { readFileSync } from "node:fs";\nexport const text = readFileSync("x");'],
    ["noRestrictedImports", 'import { randomUUID } from "node:crypto";\nexport const id = randomUUID();'],
  ])("%s: %s", async (named, text) => {
    for (const room of ["src/orchestrators", "src/durable"]) {
      const findings = await lint(`${room}/story.ts`, text);
      expect(findings, room).toContain("::error");
      expect(findings, room).toContain(named);
    }
  });

  test("while a given time is fine, and other rooms may ask the clock", async () => {
    expect(await lint("src/orchestrators/story.ts", "export const at = new Date(0);")).not.toContain("::error");
    expect(await lint("src/store/rows.ts", "export const at = Date.now();")).not.toContain("::error");
  });
});

test("only configuration and composition read the environment", async () => {
  const text = "export const home = process.env;";
  expect(await lint("src/commands/start.ts", text)).toContain("noProcessEnv");
  expect(await lint("src/config.ts", text)).not.toContain("noProcessEnv");
  expect(await lint("src/composition.ts", text)).not.toContain("noProcessEnv");
});
