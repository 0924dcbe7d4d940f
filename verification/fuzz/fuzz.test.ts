import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../../dist/verification/fuzz/main.js", import.meta.url));

async function fuzz(...args: string[]): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, ["--disable-proto=throw", MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const [code] = await once(child, "close");
  return { code, output };
}

test("thousands of inputs, and all known regressions, break no rule", async () => {
  const { code, output } = await fuzz("--inputs", "6000", "--seed", "20");
  expect(output).toMatch(/^\d{4,} passed, 0 failed$/m);
  expect(code).toBe(0);
});

test("invalid options are refused", async () => {
  expect(await fuzz("--inputs", "many")).toMatchObject({ code: 2 });
  expect((await fuzz("--target", "none")).output).toContain('There is no target "none". Use one of: ncrontab');
});
