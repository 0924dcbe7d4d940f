#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { Broken, verify } from "./verify.mjs";

const USAGE = `Usage: secondsite-verify FILE [HEAD]

Checks a file of evidence (GET /api/executions/{executionId}/evidence), without a network.
HEAD is a hash of the log that you got elsewhere, such as from its anchor; the file must contain it.
Exit codes: 0 intact, 1 not intact, 2 not a file of evidence.`;

const [path, head, ...more] = process.argv.slice(2);
if (path === undefined || path.startsWith("-") || more.length > 0) {
  console.error(USAGE);
  process.exit(2);
}

/** @param {string} from */
async function readJson(from) {
  try {
    return JSON.parse(await readFile(from, "utf8"));
  } catch (error) {
    console.error(`${from} cannot be read: ${error instanceof Error ? error.message : error}`);
    return process.exit(2);
  }
}

const file = await readJson(path);
try {
  const { executionId, records, anchor } = verify(file, head);
  const anchored = anchor ? `anchored at record ${anchor.seq} of the log, ${anchor.hash}` : "not anchored";
  console.log(`intact: execution ${executionId}, ${records} records, ${anchored}`);
} catch (error) {
  if (!(error instanceof Broken)) throw error;
  console.log(`not intact: ${error.message}`);
  process.exitCode = 1;
}
