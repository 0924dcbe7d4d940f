import { readFile } from "node:fs/promises";

/** What a page tells its reader to type, and what it says is printed then. */
interface Typed {
  /** The heading above it. */
  section: string;
  script: string;
  /** Where the page says nothing, nothing is printed. */
  prints: string;
}

/** A heading, a block of shell commands, or a block of what they print. */
const PARTS = /^#+ (?<heading>.*)$|^```sh\n(?<script>[\s\S]*?)^```$|^```text\n(?<prints>[\s\S]*?)^```$/gm;

/** The shell blocks of a page, in order, each with the block of text that follows it. */
export async function typedOn(page: string): Promise<Typed[]> {
  const typed: Typed[] = [];
  let section = "";
  for (const { groups } of (await readFile(page, "utf8")).matchAll(PARTS)) {
    const { heading, script, prints } = groups ?? {};
    if (heading !== undefined) section = heading;
    if (script !== undefined) typed.push({ section, script, prints: "" });
    const last = typed.at(-1);
    if (prints !== undefined && last !== undefined) last.prints = prints;
  }
  return typed;
}

/** A text in which `…` stands for anything. */
export const withGaps = (text: string): RegExp =>
  new RegExp(
    `^${text
      .trimEnd()
      .split("…")
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join("[^\\n]*")}$`,
  );
