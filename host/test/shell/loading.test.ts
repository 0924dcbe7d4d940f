import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { silentLogger } from "../../logger.js";
import { appFolder } from "./served-app.js";

const MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "host-app-"));
  await symlink(MODULES, join(folder, "node_modules"));
  // A process loads one app only; each test has the loader anew, as a new process would.
  vi.resetModules();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function load(directory: string) {
  const { loadFunctionApp } = await import("../../app/load-app.js");
  return loadFunctionApp({ directory, logger: silentLogger });
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(folder, path, ".."), { recursive: true });
  await writeFile(join(folder, path), text);
}

test("an entry file that throws is named with its line, and nothing of the app runs", async () => {
  await expect(load(appFolder("broken"))).rejects.toThrow(
    /functions\/b\.js threw TypeError: .*url.*\(at .*functions\/b\.js:3:\d+\)/,
  );
});

test("a syntax error is named with its line", async () => {
  await write("package.json", '{ "main": "index.cjs" }');
  await write("index.cjs", "const a = 1;\nconst = 2;\n");
  await expect(load(folder)).rejects.toThrow(/index\.cjs threw SyntaxError: .*\(at .*index\.cjs:2\)/);
});

test("a pattern that no file matches is named", async () => {
  await write("package.json", '{ "main": "dist/*.js" }');
  await expect(load(folder)).rejects.toThrow(/No file matches "main": "dist\/\*\.js"/);
});

test.each([
  ["missing", undefined, /package\.json can't be read/],
  ["not JSON", "{", /package\.json can't be read/],
  ["without main", "{}", /has no "main"/],
  ["with a main that is no text", '{ "main": 7 }', /package\.json can't be read/],
])("a package.json that is %s is an error", async (_, text, message) => {
  if (text !== undefined) await write("package.json", text);
  await expect(load(folder)).rejects.toThrow(message);
});

test("a failed load stays failed for the process", async () => {
  await expect(load(appFolder("broken"))).rejects.toThrow(/b\.js/);
  await expect(load(appFolder("broken"))).rejects.toThrow(/b\.js/);
});

test("a second app in one process is refused", async () => {
  await write("package.json", '{ "main": "index.cjs" }');
  await write("index.cjs", "");
  await load(folder);
  await expect(load(appFolder("broken"))).rejects.toThrow(/one host process for each app/);
});
