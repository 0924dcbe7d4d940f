/**
 * Checks a file of evidence. It shares no code with Secondsite, uses no network and no package, so that an auditor can
 * read all of it.
 *
 * - V1 Each chain is whole: no link was changed, removed, inserted or moved.
 * - V2 The chains hang together: the steps in the execution, the execution and what it was bound to in the log, and the
 *   log in its anchor.
 * - V3 The first bad record is named, in the order of the file.
 *
 * Tests: test/tools/verify.test.ts.
 */
import { createHash } from "node:crypto";

const FORMAT = "secondsite-evidence/1";
const BEGINNING = "0".repeat(64);

/** What is wrong with a file, and where. */
export class Broken extends Error {
  /** @param {string} where @param {string} why */
  constructor(where, why) {
    super(`${where}: ${why}`);
    this.name = "Broken";
  }
}

/** Canonical JSON, RFC 8785. @param {unknown} value @returns {string} */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(Reflect.get(value, key))}`).join(",")}}`;
}

/** @param {unknown} value */
const sha256 = (value) => createHash("sha256").update(canonical(value)).digest("hex");

/** @param {boolean} holds @param {string} where @param {string} why @returns {asserts holds} */
function check(holds, where, why) {
  if (!holds) throw new Broken(where, why);
}

/** @param {unknown} value @param {string} where @returns {Record<string, any>} */
function objectAt(value, where) {
  check(typeof value === "object" && value !== null && !Array.isArray(value), where, "is missing or no object");
  return value;
}

/** @param {unknown} value @param {string} where @returns {any[]} */
function listAt(value, where) {
  check(Array.isArray(value), where, "is missing or no list");
  return value;
}

/** @param {Record<string, any>} value @param {string[]} names @param {string} where */
function onlyHas(value, names, where) {
  const other = Object.keys(value).find((name) => !names.includes(name));
  check(other === undefined, where, `has the field ${other}, which nothing protects`);
}

/**
 * Checks links that follow each other, and returns the last.
 * @param {string} chain
 * @param {unknown} links
 * @param {string} where
 * @param {{ seq: number, hash: string } | null} after null: the run begins anywhere
 */
function checkRun(chain, links, where, after) {
  let before = after;
  for (const [at, given] of listAt(links, where).entries()) {
    const name = `${where}, record ${at + 1}`;
    const link = objectAt(given, name);
    onlyHas(link, ["seq", "previousHash", "hash", "content", "contentHash"], name);
    check("content" in link !== "contentHash" in link, name, "has no content, or content and its hash");
    check(Number.isInteger(link.seq) && link.seq > 0, name, "has no number");
    if (before !== null) {
      check(link.seq === before.seq + 1, name, `has the number ${link.seq}, and ${before.seq + 1} is expected`);
      check(link.previousHash === before.hash, name, "does not follow the record before it");
    }
    const contentHash = "content" in link ? sha256(link.content) : link.contentHash;
    const hash = sha256([FORMAT, chain, link.seq, link.previousHash, contentHash]);
    check(link.hash === hash, name, "was changed: its hash does not fit its content");
    before = { seq: link.seq, hash: link.hash };
  }
  check(before !== null && before !== after, where, "is empty");
  return before;
}

const atBeginning = { seq: 0, hash: BEGINNING };

/** The heads that the chain of the execution names, by part and machine. @param {any[]} events */
function namedHeads(events) {
  /** @type {Map<string, { count: number, head: string }>} */
  const heads = new Map();
  for (const { kind, part, chains } of events) {
    if (kind !== "steps") continue;
    for (const { itemId, count, head } of listAt(chains, `the steps of ${part}`)) {
      heads.set(`${part}/${itemId ?? ""}`, { count, head });
    }
  }
  return heads;
}

/** @param {Record<string, any>} file @param {any[]} events */
function checkSteps(file, events) {
  const heads = namedHeads(events);
  for (const [at, given] of listAt(file.steps, "steps").entries()) {
    const { chain, part, itemId, links, ...rest } = objectAt(given, `steps, chain ${at + 1}`);
    const where = `the steps of ${itemId ?? "no machine"} in ${part}`;
    onlyHas(rest, [], where);
    const key = `${part}/${itemId ?? ""}`;
    check(chain === `steps:${file.executionId}/${key}`, where, "is the chain of something else");
    const last = checkRun(chain, links, where, atBeginning);
    const named = heads.get(key);
    check(named !== undefined, where, "was inserted: the execution does not name it");
    check(named.count === last.seq, where, `has ${last.seq} records, and the execution names ${named.count}`);
    check(named.head === last.hash, where, "ends otherwise than the execution says");
    heads.delete(key);
  }
  const [missing] = heads.keys();
  check(missing === undefined, `the steps of ${missing}`, "were removed");
}

/** Whether a record of the log is about the execution. @param {any} link @param {string} kind @param {string} id */
const isOf = (link, kind, id) => link.content?.kind === kind && link.content?.about?.executionId === id;

/** @param {Record<string, any>} file @param {any[]} events @param {{ seq: number, hash: string }} end */
function checkLog(file, events, end) {
  const { chain, runs, gap, ...rest } = objectAt(file.log, "log");
  onlyHas(rest, [], "log");
  check(chain === "vault-log", "log", "is another chain");
  check(gap === null ? runs.length === 1 : runs.length === 2, "log", "has a gap that it does not name");
  let lastSeq = 0;
  for (const [at, run] of listAt(runs, "log").entries()) {
    const first = checkRun(chain, listAt(run, "log").slice(0, 1), `log, part ${at + 1}`, null);
    check(first !== null && first.seq > lastSeq, `log, part ${at + 1}`, "is out of order");
    const last = checkRun(chain, run, `log, part ${at + 1}`, null);
    lastSeq = last?.seq ?? 0;
  }
  const links = runs.flat();
  const sealed = links.find((link) => isOf(link, "execution-sealed", file.executionId))?.content;
  check(sealed !== undefined, "log", "the seal of the execution was removed");
  check(sealed.count === end.seq, "execution", `has ${end.seq} records, and its seal in the log says ${sealed.count}`);
  check(sealed.head === end.hash, "execution", "ends otherwise than its seal in the log says");
  const opened = links.find((link) => isOf(link, "execution-opened", file.executionId))?.content;
  const opening = events.find(({ kind, name }) => kind === "section" && name === "opening")?.data;
  check(opened !== undefined, "log", "the opening of the execution was removed");
  check(opened.openingHash === sha256(opening), "execution, opening", "is not what was recorded before the start");
  const { plan } = events.find(({ kind, name }) => kind === "section" && name === "plan")?.data ?? {};
  check(
    (plan ?? null) === null || opening.planHash === sha256(plan),
    "execution, plan",
    "is not the plan of the start",
  );
  return links;
}

/** @param {Record<string, any>} file @param {any[]} links */
function checkAnchor(file, links) {
  const { anchor } = file;
  if (anchor === null) return null;
  const { seq, hash, at, kept, ...rest } = objectAt(anchor, "anchor");
  onlyHas(rest, [], "anchor");
  check(links.at(-1)?.seq === seq, "anchor", "the log does not end where it is anchored");
  check(links.at(-1)?.hash === hash, "anchor", "the log ends otherwise than its anchor says");
  return { seq, hash };
}

/**
 * Checks a file; throws {@link Broken}.
 * @param {unknown} given
 * @param {string} [head] a head of the log that the auditor got elsewhere
 */
export function verify(given, head) {
  const file = objectAt(given, "the file");
  check(file.format === FORMAT, "the file", `is not of the format ${FORMAT}`);
  onlyHas(file, ["format", "executionId", "exportedAt", "execution", "steps", "log", "anchor"], "the file");
  const execution = objectAt(file.execution, "execution");
  check(execution.chain === `execution:${file.executionId}`, "execution", "is the chain of another execution");
  const end = checkRun(execution.chain, execution.links, "execution", atBeginning);
  const events = execution.links.map((/** @type {any} */ { content }) => content);
  checkSteps(file, events);
  const links = checkLog(file, events, end);
  const anchor = checkAnchor(file, links);
  if (head !== undefined)
    check(
      links.some(({ hash }) => hash === head),
      "log",
      `does not contain the head ${head}`,
    );
  const records = events.length + file.steps.flatMap((/** @type {any} */ chain) => chain.links).length + links.length;
  return { executionId: file.executionId, records, anchor };
}
