import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type Codec, decode, encode } from "../../src/store/tables/codec.js";
import { MAX_BATCH, type Tables } from "../../src/store/tables/port.js";

const TEXTS: Codec<string[]> = { what: "texts", schema: 1, shape: z.array(z.string()) };

/** All UTF-16 units, those of a lone surrogate too. */
const BLOCK_UNITS = 0x1000;
const BLOCKS = Array.from({ length: 0x10000 / BLOCK_UNITS }, (_, block) =>
  String.fromCharCode(...Array.from({ length: BLOCK_UNITS }, (_, unit) => block * BLOCK_UNITS + unit)),
);

/** What tables must do with the texts of rows; run on each adapter. */
export function tablesSuite(label: string, open: () => Tables): void {
  describe(`tables: ${label}`, () => {
    test("every character of a text comes back, from a row of its own and from a transaction", async () => {
      const table = open().table("Texts");
      const put = (row: string, text: string) => ({ kind: "put" as const, ...encode(TEXTS, row, [text]) });
      await table.transact(
        "p",
        BLOCKS.map((text, block) => put(`t${10 + block}`, text)),
      );
      for (const [block, text] of BLOCKS.entries()) await table.transact("p", [put(`s${10 + block}`, text)]);
      const { rows } = await table.list("p", { limit: 100 });
      expect(rows.map((row) => decode(TEXTS, row))).toEqual([...BLOCKS, ...BLOCKS].map((text) => [text]));
    });

    test.each(["\u0000", "\u2028", "\u6f22", '"', "\\"])(
      "rows of long texts of %j are written, together and one by one",
      async (character) => {
        const table = open().table("Long");
        const value = [character.repeat(30_000)];
        const writes = Array.from({ length: MAX_BATCH + 1 }, (_, row) =>
          table.transact("p", [{ kind: "put", ...encode(TEXTS, String(row).padStart(3, "0"), value) }]),
        );
        await Promise.all(writes);
        const { rows } = await table.list("p", { limit: 1_000 });
        expect(rows.map((row) => decode(TEXTS, row))).toEqual(writes.map(() => value));
      },
    );

    test.each(["\u0000", "\u2028", "\u6f22", '"', "\u{1f44d}"])(
      "texts of %j of every length come back from a row of its own",
      async (character) => {
        const table = open().table("Longest");
        for (const length of [15_000, 33_000, 66_000, 99_000, 200_000]) {
          const value = [character.repeat(length)];
          await table.transact("p", [{ kind: "put", ...encode(TEXTS, "r", value) }]);
          const row = await table.get("p", "r");
          expect(row && decode(TEXTS, row)).toEqual(value);
        }
      },
    );
  });
}
