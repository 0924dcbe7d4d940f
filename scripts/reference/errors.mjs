/** The page of the catalogue: every code that a refusal or a problem document can carry. */
export function errorsPage({ ERRORS }) {
  return [
    "# Codes of refusals and problems",
    "",
    "Made from `src/domain/errors.ts` by `npm run reference`. A problem document carries the code in `code`, a failed",
    "step in its error. Retryable: the same call may succeed later without anybody changing anything.",
    "",
    "| code | status | retryable | what happened | likely causes | what to do |",
    "| --- | --- | --- | --- | --- | --- |",
    ...Object.entries(ERRORS)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, row]) =>
        cells([code, row.httpStatus, row.retryable ? "yes" : "no", row.title, row.causes, row.action]),
      ),
  ].join("\n");
}

function cells(texts) {
  return `| ${texts.join(" | ")} |`;
}
