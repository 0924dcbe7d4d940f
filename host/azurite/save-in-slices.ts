/*
 * How the Azurite that this host starts saves its tables. Azurite writes all of them to one file every five seconds. By
 * itself it builds that file in one go: for each 10 MB it answers nobody for about 50 ms, and for several times as long
 * on a busy machine. The rows of a few large plans make that the slowest request of every five seconds.
 *
 * I1. The file holds the tables as they were when the save began, whatever changes while it is written ("a save in slices
 *     writes the file that Azurite writes in one go").
 * I2. Other work gets its turn between two slices ("other work gets its turn during a save").
 * I3. The file is replaced as a whole. What was saved before stays when a save fails or the process is killed, and the
 *     next save writes what a failed one did not ("a save that fails leaves the file as it was, and is made up for",
 *     "a process that is killed in the middle of a save leaves the file as it was").
 * I4. Azurite does not end before its last save does ("what was written before Azurite stopped is there after a restart").
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

type Replacer = (key: string, value: unknown) => unknown;

interface LokiDocument {
  readonly $loki?: number;
  readonly meta?: object;
}

interface LokiCollection {
  data: LokiDocument[];
  dirty: boolean;
}

/** What of a database of Azurite a save needs. */
export interface LokiDatabase {
  filename: string;
  collections: LokiCollection[];
  serializeReplacer: Replacer;
  autosaveClearFlags(): void;
}

export interface LokiClass {
  prototype: {
    saveDatabaseInternal(this: LokiDatabase, callback?: (error?: unknown) => void): void;
  };
}

/**
 * Changes how databases are saved whose file has the given name. Its text becomes a module of its own in the process of
 * Azurite, so it refers to nothing outside of itself.
 */
export function saveInSlices(Loki: LokiClass, fs: typeof import("node:fs/promises"), name: string): void {
  const sliceCharacters = 1_000_000;
  const { saveDatabaseInternal } = Loki.prototype;

  /**
   * Azurite replaces the documents of tables and changes none, but it takes `meta` and `$loki` from one that it removes.
   * A merge counts up `revision` in the `meta` of the document that it replaces, which nothing reads.
   */
  const asTheyAre = ({ data }: LokiCollection) =>
    data.map((document) => [document, document.meta, document.$loki] as const);

  /** Documents as a JSON array, in pieces. */
  function* arrayOf(documents: ReturnType<typeof asTheyAre>, replacer: Replacer): Generator<string> {
    let piece = "[";
    for (const [index, [document, meta, $loki]] of documents.entries()) {
      const whole = document.$loki === $loki ? document : { ...document, meta, $loki };
      piece += `${index === 0 ? "" : ","}${JSON.stringify(whole, replacer)}`;
      if (piece.length < sliceCharacters) continue;
      yield piece;
      piece = "";
    }
    yield `${piece}]`;
  }

  /** The database as JSON, in pieces. All but the documents, and which documents there are, is taken at the first piece. */
  function* piecesOf(database: LokiDatabase): Generator<string> {
    const { collections, serializeReplacer } = database;
    const mark = Math.random();
    const placeOf = (at: number) => `"documents ${at} ${mark}"`;
    const emptied = collections.map((one, at) => ({ ...one, data: JSON.parse(placeOf(at)) }));
    const frame = JSON.stringify({ ...database, collections: emptied }, serializeReplacer);
    const documents = collections.map(asTheyAre);
    let from = 0;
    for (const [at, all] of documents.entries()) {
      const place = frame.indexOf(placeOf(at), from);
      yield frame.slice(from, place);
      yield* arrayOf(all, serializeReplacer);
      from = place + placeOf(at).length;
    }
    yield frame.slice(from);
  }

  async function save(database: LokiDatabase): Promise<void> {
    const pieces = piecesOf(database);
    let piece = pieces.next();
    const unfinished = `${database.filename}~`;
    const file = await fs.open(unfinished, "w");
    try {
      for (; piece.done !== true; piece = pieces.next()) await file.writeFile(piece.value);
    } finally {
      await file.close();
    }
    await fs.rename(unfinished, database.filename);
  }

  Loki.prototype.saveDatabaseInternal = function (callback = () => undefined) {
    if (!this.filename.endsWith(name)) return saveDatabaseInternal.call(this, callback);
    this.autosaveClearFlags();
    save(this).then(
      () => callback(),
      (error: unknown) => {
        for (const collection of this.collections) collection.dirty = true;
        callback(error);
      },
    );
  };
}

const TABLES = "__azurite_db_table__.json";

/** The module to load into the process of Azurite before Azurite itself, as an address. */
export function saveInSlicesModule(azuritePath: string): string {
  const loki = createRequire(azuritePath).resolve("lokijs");
  const text = [
    `import fs from "node:fs/promises"`,
    `import Loki from ${JSON.stringify(pathToFileURL(loki).href)}`,
    `(${saveInSlices})(Loki, fs, ${JSON.stringify(TABLES)})`,
  ].join(";");
  return `data:text/javascript,${encodeURIComponent(text)}`;
}
