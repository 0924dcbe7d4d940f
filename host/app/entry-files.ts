import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { glob } from "tinyglobby";
import { z } from "zod";
import { ConfigurationError } from "../settings/configuration-error.js";

const packageSchema = z.looseObject({ main: z.string().min(1).optional(), type: z.string().optional() });

/** The files that `main` of an app's `package.json` names, and whether a `.js` file among them is an ES module. */
export interface EntryFiles {
  paths: string[];
  jsIsModule: boolean;
}

/**
 * Finds the entry files. `main` is a glob relative to the app's folder.
 *
 * @throws ConfigurationError when there is no valid `package.json`, no `main`, or no matching file
 */
export async function findEntryFiles(directory: string): Promise<EntryFiles> {
  const { main, type } = await readPackage(directory);
  if (main === undefined) {
    throw new ConfigurationError(
      `${join(directory, "package.json")} has no "main". Set it to a pattern of the files that register functions, such as "src/functions/*.js".`,
    );
  }
  const found = await glob(main, { cwd: directory, absolute: true, expandDirectories: false });
  if (found.length === 0) {
    throw new ConfigurationError(
      `No file matches "main": "${main}" of ${join(directory, "package.json")}. Build the app first, or correct the pattern.`,
    );
  }
  return { paths: found.sort(), jsIsModule: type === "module" };
}

/**
 * Runs the entry files one after another.
 *
 * @throws ConfigurationError that names file and line, when a file throws
 */
export async function loadEntryFiles(directory: string, files: EntryFiles): Promise<void> {
  const require = createRequire(join(directory, "package.json"));
  for (const path of files.paths) {
    try {
      if (isModule(path, files.jsIsModule)) await import(pathToFileURL(path).href);
      else require(path);
    } catch (error) {
      throw new ConfigurationError(loadFailure(directory, path, error), { cause: error });
    }
  }
}

function isModule(path: string, jsIsModule: boolean): boolean {
  const extension = extname(path);
  return extension === ".mjs" || (extension === ".js" && jsIsModule);
}

function loadFailure(directory: string, path: string, error: unknown): string {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const place = error instanceof Error ? placeInApp(directory, error.stack ?? "") : undefined;
  return `The app could not be loaded: ${relative(directory, path)} threw ${reason} (at ${place ?? path}). No function runs until this is fixed.`;
}

/** The innermost `file:line:column` of a stack, or the first line of a syntax error, in the app's own code. */
function placeInApp(directory: string, stack: string): string | undefined {
  for (const line of stack.split("\n")) {
    const match = /(file:\/\/\/[^\s()]+|\/[^\s()]+|[A-Za-z]:\\[^\s()]+?):(\d+)(?::(\d+))?\)?$/.exec(line.trim());
    if (!match?.[1] || line.includes("node_modules")) continue;
    const path = match[1].startsWith("file:") ? fileURLToPath(match[1]) : match[1];
    if (path.startsWith(directory)) return [path, match[2], match[3]].filter(Boolean).join(":");
  }
  return undefined;
}

async function readPackage(directory: string): Promise<z.infer<typeof packageSchema>> {
  const path = join(directory, "package.json");
  try {
    return packageSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    throw new ConfigurationError(
      `${path} can't be read as the package.json of a Functions app: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
