import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The repository's top folder. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Runs a Node program in the foreground and resolves with its exit code (128 + n after a signal). It forwards
 * SIGTERM. The terminal sends Ctrl-C to the program as well, so this process only waits for the program to end.
 */
export function runNode(args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: "inherit", ...options });
    const wait = () => undefined;
    const terminate = () => child.kill("SIGTERM");
    process.on("SIGINT", wait);
    process.on("SIGTERM", terminate);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      process.off("SIGINT", wait);
      process.off("SIGTERM", terminate);
      resolve(code ?? (signal === "SIGINT" ? 130 : 143));
    });
  });
}
