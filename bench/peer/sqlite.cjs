/**
 * openworkflow asks Node for `node:sqlite`, which Node 20 does not have. The same SQLite comes from better-sqlite3
 * here, with the durability Node's own would have: every commit is synced (its build would sync only checkpoints).
 */
const Module = require("node:module");
const BetterSqlite = require("better-sqlite3");

class DatabaseSync {
  #database;

  constructor(path) {
    this.#database = new BetterSqlite(path);
  }

  exec(sql) {
    this.#database.exec(sql);
    if (/journal_mode/i.test(sql)) this.#database.pragma("synchronous = FULL");
  }

  prepare(sql) {
    return this.#database.prepare(sql);
  }

  close() {
    this.#database.close();
  }
}

const load = Module._load;
Module._load = function loadWithSqlite(name, ...rest) {
  return name === "node:sqlite" ? { DatabaseSync } : load.call(this, name, ...rest);
};
