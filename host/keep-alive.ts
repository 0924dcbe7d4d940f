/**
 * How long an idle connection is kept: longer than clients do, Node's for five seconds. Were it as long as theirs, a
 * request could go out on a connection that is being closed here, and would fail though nothing is wrong.
 */
export const KEEP_ALIVE_MS = 120_000;
