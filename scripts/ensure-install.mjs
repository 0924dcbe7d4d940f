import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";

/**
 * Runs `npm ci` in `folder` when its `node_modules` is missing or older than its lock file, so that every command
 * works as the first one on a fresh clone.
 *
 * @throws Error when npm fails; its own output has been shown by then.
 */
export function ensureInstalled(folder) {
  // npm writes this file last, so an interrupted install does not count.
  const installed = modifiedMs(join(folder, "node_modules", ".package-lock.json"));
  const locked = modifiedMs(join(folder, "package-lock.json"));
  if (installed >= locked) return;
  console.log(`Installing packages in ${folder} (npm ci) …`);
  const { status } = spawnSync("npm", ["ci", "--include=dev", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    throw new Error(`npm ci failed in ${folder}. Is the package registry within reach? Its messages are above.`);
  }
}

/** Milliseconds since the epoch, 0 for a file that is not there. */
function modifiedMs(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
