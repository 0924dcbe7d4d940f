/**
 * The verifier against a real file: each record of each chain is changed, removed, doubled, moved and invented, one at a
 * time, and each is found and named.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/domain/identity.js";
import { Broken, canonical, verify } from "../../verify/verify.mjs";
import { shopEvidence } from "../support/evidence.js";

type File = Awaited<ReturnType<typeof shopEvidence>>;
type Loose = { seq: number; previousHash: string; hash: string; content?: object; contentHash?: string };

let whole: File;
beforeAll(async () => {
  whole = await shopEvidence();
});

/** Every list of records in a file, with its name. */
const listsOf = (file: File): [string, Loose[]][] => [
  ["execution", file.execution.links],
  ...file.steps.map(({ part, itemId, links }): [string, Loose[]] => [
    `the steps of ${itemId ?? "no machine"} in ${part}`,
    links,
  ]),
  ...file.log.runs.map((run, at): [string, Loose[]] => [`log, part ${at + 1}`, run]),
];

const outcomeOf = (file: unknown): string => {
  try {
    verify(file);
    return "intact";
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    return error.message;
  }
};

/** The last hexadecimal digit of a text, changed. */
const flipped = (hash: string): string => hash.slice(0, -1) + (hash.endsWith("0") ? "1" : "0");

const DAMAGE: Record<string, (records: Loose[], at: number) => boolean> = {
  "another content": (records, at) => {
    const record = records[at];
    if (record?.content === undefined) return false;
    record.content = { ...record.content, kind: "step", added: 1 };
    return true;
  },
  "another hash": (records, at) => {
    const record = records[at];
    if (record) record.hash = flipped(record.hash);
    return record !== undefined;
  },
  "another hash before it": (records, at) => {
    const record = records[at];
    if (record) record.previousHash = flipped(record.previousHash);
    return record !== undefined;
  },
  "another number": (records, at) => {
    const record = records[at];
    if (record) record.seq += 1;
    return record !== undefined;
  },
  "a field more": (records, at) => {
    const record = records[at];
    if (record) Object.assign(record, { note: "trust me" });
    return record !== undefined;
  },
  removal: (records, at) => records.splice(at, 1).length === 1,
  "a second copy": (records, at) => {
    const record = records[at];
    if (record) records.splice(at, 0, record);
    return record !== undefined;
  },
  "an invented record": (records, at) => {
    const record = records[at];
    if (record) records.splice(at, 0, { ...record, content: { kind: "step", step: { id: "invented" } } });
    return record !== undefined;
  },
  "the place of its neighbour": (records, at) => {
    const [record, next] = [records[at], records[at + 1]];
    if (record === undefined || next === undefined) return false;
    records.splice(at, 2, next, record);
    return true;
  },
};

test("the file is intact, and its own canonical JSON is that of the product", () => {
  expect(outcomeOf(whole)).toBe("intact");
  expect(canonical(whole)).toBe(canonicalJson(whole));
});

describe.each(Object.entries(DAMAGE))("%s", (_name, damage) => {
  test("is found at every record of every chain, and the chain is named", () => {
    let damaged = 0;
    for (const [list, [, records]] of listsOf(whole).entries()) {
      for (const at of records.keys()) {
        const file = structuredClone(whole);
        const [name, copy] = listsOf(file)[list] ?? ["", []];
        if (!damage(copy, at)) continue;
        damaged += 1;
        const outcome = outcomeOf(file);
        expect(outcome, `${name}, record ${at + 1}`).not.toBe("intact");
        expect(outcome).toMatch(name.startsWith("log") ? /^(log|execution|anchor)/ : /^(execution|the steps)/);
      }
    }
    expect(damaged).toBeGreaterThan(30);
  });
});

test("the first bad record is named by its place", () => {
  const file = structuredClone(whole);
  const [, third] = file.execution.links;
  if (third) third.hash = flipped(third.hash);
  expect(outcomeOf(file)).toBe("execution, record 2: was changed: its hash does not fit its content");
});

test("a chain that is hashed again from end to end does not fit the chain that names it", async () => {
  const { chainOf } = await import("../../src/domain/evidence/chain.js");
  const { sha256 } = await import("../../src/store/sha256.js");
  const file = structuredClone(whole);
  const [chain] = file.steps;
  if (chain)
    chain.links = chainOf(
      chain.chain,
      chain.links.map(({ content }) => ({ ...content, step: { ...content.step, status: "failed" as const } })),
      sha256,
    );
  expect(outcomeOf(file)).toContain("ends otherwise than the execution says");
  const other = structuredClone(whole);
  other.execution.links = chainOf(
    other.execution.chain,
    other.execution.links.map(({ content }) => content).slice(0, -1),
    sha256,
  );
  expect(outcomeOf(other)).toContain("its seal in the log says");
});

test("whole chains that are removed, doubled or of another execution are found", () => {
  const outcome = (change: (file: File) => void) => {
    const file = structuredClone(whole);
    change(file);
    return outcomeOf(file);
  };
  expect(outcome((file) => file.steps.pop())).toContain("were removed");
  expect(outcome((file) => file.steps.push(...file.steps.slice(0, 1)))).toContain("was inserted");
  expect(outcome((file) => Object.assign(file, { executionId: "other" }))).toContain("another execution");
  expect(outcome((file) => Object.assign(file, { verdict: "passed" }))).toContain("which nothing protects");
  expect(outcome((file) => file.log.runs.pop())).toContain("log");
});

test("the program says intact or names the first bad record, and reads nothing but the file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "secondsite-verify-"));
  const program = fileURLToPath(new URL("../../verify/secondsite-verify.mjs", import.meta.url));
  const run = (...args: string[]) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      execFile(process.execPath, [program, ...args], (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr }),
      );
    });
  try {
    const [good, bad, empty] = ["good.json", "bad.json", "empty.json"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(good, JSON.stringify(whole, null, 2));
    await writeFile(bad, JSON.stringify(whole).replace('"verb":"test-failover"', '"verb":"planned-failover"'));
    await writeFile(empty, "nothing");
    expect(await run(good)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^intact: execution [0-9a-f-]{36}, \d+ records/),
    });
    expect(await run(bad)).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^not intact: execution, record 1: was changed/),
    });
    expect(await run(good, "ab".repeat(32))).toMatchObject({
      code: 1,
      output: expect.stringContaining("does not contain the head"),
    });
    expect((await run(empty)).code).toBe(2);
    expect((await run()).code).toBe(2);
  } finally {
    await rm(folder, { recursive: true });
  }
  const sources = await Promise.all(
    ["verify.mjs", "secondsite-verify.mjs"].map((name) =>
      readFile(new URL(`../../verify/${name}`, import.meta.url), "utf8"),
    ),
  );
  const imported = sources.flatMap((source) => [...source.matchAll(/from "([^"]+)"/g)].map(([, name]) => name));
  expect(new Set(imported)).toEqual(new Set(["node:crypto", "node:fs/promises", "./verify.mjs"]));
});
