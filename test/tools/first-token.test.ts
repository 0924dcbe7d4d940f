import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tokenIdIn } from "../../src/domain/access/access-token.js";

const PROGRAM = fileURLToPath(new URL("../../scripts/first-token.mjs", import.meta.url));
const run = promisify(execFile);

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "secondsite-first-token-"));
  file = join(folder, ".functions-host", "first-administrator-token");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The settings that a start in a process of its own adds, and what it says. */
async function start(environment: Record<string, string>, args: string[] = []) {
  const script = `
    const { firstTokenSettings, hostArguments } = await import(process.env.PROGRAM);
    const said = [];
    const [args, settings] = [JSON.parse(process.env.ARGS), JSON.parse(process.env.SETTINGS)];
    const hasKeys = hostArguments(args, settings).filter((argument) => argument === "--enable-auth").length === 1;
    const added = firstTokenSettings(args, settings, (line) => said.push(line));
    console.log(JSON.stringify({ added, said, hasKeys }));`;
  const env = { PROGRAM, ARGS: JSON.stringify(["--app", folder, ...args]), SETTINGS: JSON.stringify(environment) };
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { env });
  return JSON.parse(stdout) as { added: Record<string, string>; said: string[]; hasKeys: boolean };
}

const hashOf = async (path: string): Promise<string> =>
  createHash("sha256")
    .update((await readFile(path, "utf8")).trim())
    .digest("hex");

test("the first start makes a token that only its owner can read, says where, and later starts use it silently", async () => {
  const first = await start({ IDENTITY_MODE: "tokens" });
  expect(first.said).toEqual([`The token of the first administrator is in ${file}`]);
  expect(first.added).toEqual({ FIRST_ADMINISTRATOR_TOKEN_HASH: await hashOf(file) });
  expect(tokenIdIn((await readFile(file, "utf8")).trim())).toMatch(/^[0-9a-f]{16}$/);
  if (process.platform !== "win32") expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await start({ IDENTITY_MODE: "open-id-connect" })).toMatchObject({ added: first.added, said: [] });
});

test("starts at the same time make one token", async () => {
  const starts = await Promise.all([1, 2, 3, 4].map(() => start({ IDENTITY_MODE: "tokens" })));
  expect(new Set(starts.map(({ added }) => added["FIRST_ADMINISTRATOR_TOKEN_HASH"]))).toEqual(
    new Set([await hashOf(file)]),
  );
  expect(starts.flatMap(({ said }) => said)).toHaveLength(1);
  expect(await readdir(join(folder, ".functions-host"))).toEqual(["first-administrator-token"]);
});

test("the mode may stand in local.settings.json, and the data folder may be another", async () => {
  await writeFile(join(folder, "local.settings.json"), JSON.stringify({ Values: { IDENTITY_MODE: "tokens" } }));
  const data = join(folder, "elsewhere");
  const { added } = await start({}, ["--data", data, "--port", "0", "--verbose"]);
  expect(added["FIRST_ADMINISTRATOR_TOKEN_HASH"]).toBe(await hashOf(join(data, "first-administrator-token")));
});

test("nothing is made in the local mode, or where the settings name a hash", async () => {
  const none = { added: {}, said: [] };
  expect(await start({})).toMatchObject(none);
  expect(await start({ IDENTITY_MODE: "tokens", FIRST_ADMINISTRATOR_TOKEN_HASH: "0".repeat(64) })).toMatchObject(none);
  expect(await readdir(folder)).toEqual([]);
});

test("a file that holds no token stops the start", async () => {
  await start({ IDENTITY_MODE: "tokens" });
  await writeFile(file, "\n");
  await expect(start({ IDENTITY_MODE: "tokens" })).rejects.toThrow("holds no access token. Delete it");
});

test("the operator's pages of the host need a key wherever callers need a credential", async () => {
  expect((await start({})).hasKeys).toBe(false);
  expect((await start({ IDENTITY_MODE: "tokens" })).hasKeys).toBe(true);
  expect((await start({ IDENTITY_MODE: "open-id-connect" }, ["--enable-auth"])).hasKeys).toBe(true);
  await writeFile(join(folder, "local.settings.json"), JSON.stringify({ Values: { IDENTITY_MODE: "tokens" } }));
  expect((await start({})).hasKeys).toBe(true);
});
