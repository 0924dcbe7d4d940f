/**
 * How a laptop starts outside of the local mode: with keys before the pages of the host's operator, and with a token.
 *
 * Without keys the Durable management API and the admin pages would answer anybody on the machine, past the identity of
 * the app: they start activities, raise events and end orchestrations.
 *
 * The token is that of the first administrator. Outside of the local mode nobody could make the first token, so the
 * first start makes it: in a file of the data folder that only its owner can read. The app gets its hash. A start that
 * is told a hash makes nothing, as on Azure.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const FILE = "first-administrator-token";
const FORMAT = /^sst_[0-9a-f]{16}_[0-9a-f]{64}$/;

/** The arguments with which the host is started. */
export function hostArguments(args, environment) {
  const isOpen = isLocal(settingsIn(foldersIn(args).app, environment)) || args.includes("--enable-auth");
  return isOpen ? args : [...args, "--enable-auth"];
}

/** The settings that the start adds to those of the environment. */
export function firstTokenSettings(args, environment, say) {
  const { app, data } = foldersIn(args);
  const settings = settingsIn(app, environment);
  if (isLocal(settings) || settings.FIRST_ADMINISTRATOR_TOKEN_HASH) return {};
  const folder = resolve(data ?? join(app, ".functions-host"));
  const path = join(folder, FILE);
  if (!existsSync(path) && make(folder, path)) say(`The token of the first administrator is in ${path}`);
  const token = readFileSync(path, "utf8").trim();
  if (!FORMAT.test(token)) {
    throw new Error(`${path} holds no access token. Delete it, and the next start makes a new one.`);
  }
  return { FIRST_ADMINISTRATOR_TOKEN_HASH: createHash("sha256").update(token).digest("hex") };
}

const settingsIn = (app, environment) => ({ ...localSettings(app), ...environment });
const isLocal = ({ IDENTITY_MODE = "local" }) => IDENTITY_MODE === "local";

/** Makes the file whole or not at all: of two starts at once the second finds the token of the first. */
function make(folder, path) {
  mkdirSync(folder, { recursive: true });
  const hex = (bytes) => randomBytes(bytes).toString("hex");
  const draft = `${path}.${hex(8)}`;
  writeFileSync(draft, `sst_${hex(8)}_${hex(32)}\n`, { mode: 0o600, flag: "wx" });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(draft);
  }
}

/** The host itself refuses arguments that it does not know. */
function foldersIn(args) {
  const options = { app: { type: "string", default: "." }, data: { type: "string" } };
  return parseArgs({ args, options, strict: false, allowPositionals: true }).values;
}

/** The host itself describes what is wrong with the file. */
function localSettings(app) {
  try {
    return JSON.parse(readFileSync(join(app, "local.settings.json"), "utf8")).Values ?? {};
  } catch {
    return {};
  }
}
