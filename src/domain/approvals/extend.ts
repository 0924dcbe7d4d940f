/**
 * More time for approvers.
 *
 * - X1 Only what is pending gets more time, and each end is moved once, by whoever saw it.
 * - X2 No approval is open for longer than a plan could ask for.
 *
 * Tests: test/unit/domain/extend-approval.test.ts.
 */
import { type ErrorCode, RecoveryError } from "../errors.js";
import { toInstant, toMs } from "../text.js";
import { type Approval, endOf } from "./approval.js";
import type { Changed } from "./break-glass.js";
import { asOf, closedProblem } from "./decide.js";
import { MAX_APPROVAL_MINUTES } from "./requirement.js";

/** Who moves which end, why, and by how much. */
export interface MadeExtension {
  person: string;
  reason: string;
  from: string;
  minutes: number;
}

const MAX_EXTENSIONS = 50;
const MINUTE_MS = 60_000;

/** The latest end that an approval can get. */
export const latestEndOf = ({ content }: Pick<Approval, "content">): string =>
  toInstant(toMs(content.requestedAt) + MAX_APPROVAL_MINUTES * MINUTE_MS);

export function extend(recorded: Approval, { minutes, ...by }: MadeExtension, nowMs: number): Changed {
  const approval = asOf(recorded, nowMs);
  const refused = (code: ErrorCode, message: string): Changed => ({
    next: approval,
    refusal: new RecoveryError(code, message),
  });
  const { extensions = [] } = approval;
  const until = toInstant(toMs(by.from) + minutes * MINUTE_MS);
  const earlier = extensions.find(({ from }) => from === by.from);
  if (earlier?.until === until) return { next: approval };
  if (earlier !== undefined) return refused("decided-already", `${earlier.person} moved that end to ${earlier.until}`);
  const closed = closedProblem(approval);
  if (closed !== null) return refused(...closed);
  const end = endOf(approval);
  if (by.from !== end) return refused("steering-refused", `the approval ends at ${end}, and not at ${by.from}`);
  const latest = latestEndOf(approval);
  if (until > latest || extensions.length >= MAX_EXTENSIONS)
    return refused("steering-refused", `an approval is open for 30 days at most: until ${latest}, and not ${until}`);
  return { next: { ...approval, extensions: [...extensions, { ...by, at: toInstant(nowMs), until }] } };
}
