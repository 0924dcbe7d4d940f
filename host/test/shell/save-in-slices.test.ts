import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { TableClient } from "@azure/data-tables";
import { afterEach, beforeEach, expect, test } from "vitest";
import { provideStorage } from "../../azurite/azurite.js";
import { type LokiClass, type LokiDatabase, saveInSlices, saveInSlicesModule } from "../../azurite/save-in-slices.js";
import { silentLogger } from "../../logger.js";

interface Collection {
  insert(document: object): object;
  remove(document: object): void;
  readonly data: { text: string }[];
}

interface Database extends LokiDatabase {
  addCollection(name: string, options: { indices: string[] }): Collection;
  serialize(): string;
  saveDatabase(callback: (error?: unknown) => void): void;
  loadDatabase(options: object, callback: (error?: unknown) => void): void;
  getCollection(name: string): Collection;
}

type Loki = LokiClass & { new (filename: string, options: { persistenceMethod: "fs" }): Database };

const require = createRequire(import.meta.url);
const azuritePath = require.resolve("azurite/dist/src/azurite.js");
const lokiPath = createRequire(azuritePath).resolve("lokijs");

let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), "host-slices-"));
});
afterEach(() => fs.rm(folder, { recursive: true, force: true }));

/** A database of some megabytes, like that of Azurite, which saves in slices. */
function open(disk: typeof fs = fs) {
  delete require.cache[lokiPath];
  const LokiOfItsOwn = require(lokiPath) as Loki;
  saveInSlices(LokiOfItsOwn, disk, "tables.json");
  const database = new LokiOfItsOwn(join(folder, "tables.json"), { persistenceMethod: "fs" });
  database.addCollection("empty", { indices: ["text"] });
  const rows = database.addCollection("rows", { indices: ["text"] });
  for (let at = 0; at < 3_000; at += 1) rows.insert({ text: `row ${at} "\u2028" ${"x".repeat(1_000)}` });
  const save = () =>
    new Promise<void>((resolve, reject) => {
      database.saveDatabase((error) => (error ? reject(error) : resolve()));
    });
  return { database, rows, save, saved: () => fs.readFile(database.filename, "utf8") };
}

test("a save in slices writes the file that Azurite writes in one go, whatever changes while it is written", async () => {
  const { database, rows, save, saved } = open();
  database.autosaveClearFlags();
  const expected = database.serialize();
  const saving = save();
  for (const row of rows.data.slice(-1_500)) rows.remove(row);
  rows.insert({ text: "new" });
  await saving;
  expect((await saved()) === expected).toBe(true); // some megabytes would be printed otherwise
  await save();
  expect(JSON.parse(await saved())).toEqual(JSON.parse(database.serialize()));
});

test("other work gets its turn during a save", async () => {
  const { save } = open();
  let isSaving = true;
  const saving = save().finally(() => {
    isSaving = false;
  });
  let turns = 0;
  for (; isSaving; turns += 1) await turn();
  await saving;
  expect(turns).toBeGreaterThan(3);
});

test("a save that fails leaves the file as it was, and is made up for", async () => {
  let isFull = false;
  const disk = {
    ...fs,
    rename: (from: string, to: string) => (isFull ? Promise.reject(new Error("no space")) : fs.rename(from, to)),
  } as typeof fs;
  const { database, rows, save, saved } = open(disk);
  await save();
  const before = await saved();
  rows.insert({ text: "new" });
  isFull = true;
  await expect(save()).rejects.toThrow("no space");
  expect(await saved()).toBe(before);
  expect(database.collections.some(({ dirty }) => dirty)).toBe(true);
  isFull = false;
  await save();
  expect(JSON.parse(await saved())).toEqual(JSON.parse(database.serialize()));
});

/** Saves 3,000 rows, adds one, and kills itself when it has written two pieces of the next save. */
const KILLED_IN_A_SAVE = `
  import disk from "node:fs/promises";
  import { createRequire } from "node:module";
  const [lokiPath, filename] = process.argv.slice(1);
  const Loki = createRequire(lokiPath)(lokiPath);
  const database = new Loki(filename, { persistenceMethod: "fs" });
  const rows = database.addCollection("rows");
  for (let at = 0; at < 3_000; at += 1) rows.insert({ text: "row " + at + "x".repeat(1_000) });
  const save = () => new Promise((resolve) => database.saveDatabase(resolve));
  await save();
  rows.insert({ text: "new" });
  const { open } = disk;
  disk.open = async (...how) => {
    const file = await open(...how);
    const { writeFile } = file;
    let pieces = 0;
    file.writeFile = async (text) => {
      await writeFile.call(file, text);
      pieces += 1;
      if (pieces === 2) process.kill(process.pid, "SIGKILL");
    };
    return file;
  };
  await save();
`;

test("a process that is killed in the middle of a save leaves the file as it was", async () => {
  const filename = join(folder, "__azurite_db_table__.json");
  const modules = ["--import", saveInSlicesModule(azuritePath), "--input-type=module"];
  const killed = spawn(process.execPath, [...modules, "-e", KILLED_IN_A_SAVE, lokiPath, filename], {
    stdio: "inherit",
  });
  const [, signal] = await once(killed, "exit");
  expect(signal).toBe("SIGKILL");
  expect((await fs.stat(`${filename}~`)).size).toBeGreaterThan(0);

  const again = new (require(lokiPath) as Loki)(filename, { persistenceMethod: "fs" });
  await new Promise<void>((resolve, reject) => {
    again.loadDatabase({}, (error) => (error ? reject(error) : resolve()));
  });
  const texts = again.getCollection("rows").data.map(({ text }) => text);
  expect(texts).toHaveLength(3_000);
  expect(texts).not.toContain("new");
});

test("what was written before Azurite stopped is there after a restart", async () => {
  const provide = () => provideStorage({ dataDirectory: folder, mode: "private", logger: silentLogger });
  const tableOf = ({ connectionString }: { connectionString: string }) =>
    TableClient.fromConnectionString(connectionString, "Rows", { allowInsecureConnection: true });
  const first = await provide();
  await tableOf(first).createTable();
  const ids = Array.from({ length: 40 }, (_, at) => `row-${at}`);
  const text = "x".repeat(30_000);
  await Promise.all(ids.map((rowKey) => tableOf(first).createEntity({ partitionKey: "p", rowKey, text })));
  await first.stop();

  const second = await provide();
  const kept = [];
  for await (const { rowKey } of tableOf(second).listEntities()) kept.push(rowKey);
  await second.stop();
  expect(kept.sort()).toEqual([...ids].sort());
});
