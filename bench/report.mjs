const COLUMNS = ["figure", "unit", "min", "median", "max", "limit", "of limit", "target", "", "peer"];

/** The results as a table for a terminal. */
export function table(results) {
  const rows = [COLUMNS, ...results.map(row)];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((cells) => cells[at].length)));
  const line = (cells) =>
    cells.map((text, at) => (at < 2 ? text.padEnd(widths[at]) : text.padStart(widths[at]))).join("  ");
  return rows.map((cells) => line(cells).trimEnd()).join("\n");
}

function row({ figure, unit, min, median, max, limit, shareOfLimit, target, met, peer }) {
  return [
    figure,
    unit,
    number(min),
    number(median),
    number(max),
    limit === null ? "–" : number(limit),
    shareOfLimit === null ? "–" : `${Math.round(shareOfLimit * 100)} %`,
    number(target),
    met ? "reached" : "missed",
    peer === null ? "–" : number(peer),
  ];
}

function number(value) {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The calibration as lines for a terminal. */
export function calibrationLines({ measured }) {
  return Object.entries(measured).map(
    ([name, { perSecond, roundTripMs }]) =>
      `  ${name}: ${number(perSecond)} per s, round trip ${number(roundTripMs)} ms`,
  );
}
