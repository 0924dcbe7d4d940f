import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { EVIDENCE_SECTIONS } from "../../src/domain/evidence/report.js";

const PAGE = "docs/explanation/evidence.md";
const MONTHS = 18;

interface Citation {
  text: string;
  sections: string[];
  lookedAt: string;
}

/** The rows of the table of texts. */
async function citations(): Promise<Citation[]> {
  const page = await readFile(PAGE, "utf8");
  return page.split("\n").flatMap((line) => {
    const [, text = "", , fields = "", lookedAt = ""] = line.split("|").map((cell) => cell.trim());
    if (!/^\d{4}-\d{2}-\d{2}$/.test(lookedAt)) return [];
    return [{ text, lookedAt, sections: [...fields.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name) }];
  });
}

test("no citation was looked at more than 18 months ago", async () => {
  const oldest = new Date();
  oldest.setMonth(oldest.getMonth() - MONTHS);
  const old = (await citations()).filter(({ lookedAt }) => new Date(lookedAt) < oldest);
  expect(old.map(({ text }) => `${text}: look at the text again, correct its row, and write today's date`)).toEqual([]);
});

test("every text that auditors ask for has a row, and each row names sections that the file has", async () => {
  const rows = await citations();
  for (const name of ["DORA", "NIS2", "ISO 22301", "ISO 27001", "SOC 2", "FFIEC"]) {
    expect(rows.map(({ text }) => text).join("\n")).toContain(name);
  }
  for (const { text, sections } of rows) {
    expect([text, sections.length > 0]).toEqual([text, true]);
    expect([text, sections.filter((section) => !EVIDENCE_SECTIONS.includes(section))]).toEqual([text, []]);
  }
});

test("the page claims evidence toward a text, and nothing more", async () => {
  const page = await readFile(PAGE, "utf8");
  expect(page).toContain("evidence toward");
  expect(page).not.toMatch(/complian(t|ce)/i);
});
