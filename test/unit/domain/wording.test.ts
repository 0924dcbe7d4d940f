import { expect, test } from "vitest";
import { bytesText, counted, freeInWords, listed, secondsText, toldOf } from "../../../src/domain/wording.js";

test("T1 seconds have a unit and no more digits than a person reads", () => {
  const texts = [0, 0.4, 149.008_000_01, 599.6, 600, 3_600, 11_100, 172_800, 187_200].map(secondsText);
  expect(texts).toEqual(["0 s", "less than 1 s", "149 s", "600 s", "10 min", "1 h", "3 h 5 min", "2 d", "2 d 4 h"]);
});

test("T1 bytes have the unit that leaves one to three digits before it", () => {
  const texts = [0, 999, 1_000, 2_437_000_000, 9_960_000, 120_400_000_000, 999_960_000, 5e15].map(bytesText);
  expect(texts).toEqual(["0 B", "999 B", "1.0 kB", "2.4 GB", "10 MB", "120 GB", "1.0 GB", "5.0 PB"]);
});

test("T2 a list names nothing twice and says how many more there are", () => {
  expect(listed([])).toBe("");
  expect(listed(["a", "a"])).toBe("a");
  expect(listed(["a", "b", "a", "c"])).toBe("a, b and c");
  expect(listed(Array.from({ length: 17 }, (_, at) => `m${at}`))).toBe("m0, m1, m2, m3, m4 and 12 more");
  expect(listed(["a", "b", "c"], 2)).toBe("a, b and 1 more");
});

test("T1 a count agrees with its noun", () => {
  expect([counted(1, "machine"), counted(0, "machine"), counted(11, "machine")]).toEqual([
    "1 machine",
    "0 machines",
    "11 machines",
  ]);
});

test("T1 what is free agrees with its number, and less than none is none", () => {
  expect([-2, 0, 1, 2].map(freeInWords)).toEqual(["none is free", "none is free", "1 is free", "2 are free"]);
});

test("T2 a reason does not name its machine again", () => {
  expect(toldOf("m2", "the guest of m2 refused")).toBe("m2 (the guest refused)");
  expect(toldOf("m2", "the hypervisor refused start-replica of m2.")).toBe(
    "m2 (the hypervisor refused start-replica.)",
  );
  expect(toldOf("m2", "a disk of m21 and one of m2.old are gone")).toBe(
    "m2 (a disk of m21 and one of m2.old are gone)",
  );
  expect(toldOf("m2", "it refused")).toBe("m2 (it refused)");
});
