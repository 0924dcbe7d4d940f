import { describe, expect, test } from "vitest";
import { parseNcrontab as parseInHost } from "../../../../host/timers/ncrontab.js";
import { nextWallTime, parseNcrontab } from "../../../../src/domain/schedule/ncrontab.js";
import vectors from "../../../support/ncrontab-vectors.json" with { type: "json" };

/** What the host's parser makes of a text; it answers undefined where the app's refuses the number of fields. */
function hostOf(text: string) {
  const crontab = parseInHost(text);
  if (crontab === undefined) throw new Error("not NCRONTAB");
  return crontab;
}

describe("the grammar of schedules (G1, G2)", () => {
  test.each(vectors.valid)("$cron is due as another program computes it", ({ cron, after, due }) => {
    const crontab = parseNcrontab(cron);
    let wall = Date.parse(after);
    for (const expected of due) {
      wall = nextWallTime(crontab, wall) ?? Number.NaN;
      expect(new Date(wall).toISOString()).toBe(expected);
    }
  });

  test.each(vectors.valid)("$cron means the same to the timers of the host", ({ cron }) => {
    expect(parseNcrontab(cron)).toEqual(hostOf(cron));
  });

  test.each(vectors.invalid)("%s is refused, by the host too", (text) => {
    expect(() => parseNcrontab(text)).toThrow(/NCRONTAB|field|does not exist/);
    expect(() => hostOf(text)).toThrow();
  });
});
