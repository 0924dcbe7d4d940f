/**
 * Break-glass: the way past an approval in an emergency, and its review afterwards.
 *
 * - G1 It needs a reason, stands in the record with who did it, and stays in the list to review until somebody has.
 * - G2 It opens only what is still to be decided: nobody overrules a decline with it, and nothing that is void passes.
 * - G3 Nobody reviews what they did themselves, or what they had requested or changed.
 *
 * Tests: test/unit/domain/break-glass.test.ts.
 */

import { isSamePerson } from "../access/person.js";
import { type ErrorCode, RecoveryError } from "../errors.js";
import { toInstant } from "../text.js";
import type { Approval } from "./approval.js";
import { asOf, closedProblem } from "./decide.js";

/** The approval after it; the same object when that changes nothing. Refuses, after the time is over, what is to note. */
export type Changed = { next: Approval; refusal?: RecoveryError };

/** Approves without the approvers. The same person again changes nothing. */
export function breakGlass(recorded: Approval, by: { person: string; reason: string }, nowMs: number): Changed {
  const approval = asOf(recorded, nowMs);
  if (approval.brokenGlass?.person === by.person) return { next: approval };
  const closed = closedProblem(approval);
  if (closed !== null) return { next: approval, refusal: new RecoveryError(...closed) };
  const at = toInstant(nowMs);
  return { next: { ...approval, status: "approved", closedAt: at, brokenGlass: { ...by, at } } };
}

/** Notes that somebody has looked at it. The same person again changes nothing. */
export function review(approval: Approval, by: { person: string; note: string }, nowMs: number): Changed {
  const { brokenGlass, content } = approval;
  const refused = (code: ErrorCode, message: string): Changed => ({
    next: approval,
    refusal: new RecoveryError(code, message),
  });
  if (brokenGlass === undefined) {
    return refused("nothing-to-review", `the approval "${content.name}" was not passed by break-glass`);
  }
  if (brokenGlass.reviewedBy === by.person) return { next: approval };
  if (isSamePerson(brokenGlass.person, by.person)) {
    return refused("not-an-approver", `${by.person} broke the glass, and somebody else has to review that`);
  }
  if (content.excluded.some(({ person }) => isSamePerson(person, by.person))) {
    return refused(
      "not-an-approver",
      `${by.person} requested or changed what it let pass, and somebody else has to review that`,
    );
  }
  if (brokenGlass.reviewedAt !== undefined) {
    return refused("decided-already", `${brokenGlass.reviewedBy} reviewed it at ${brokenGlass.reviewedAt}`);
  }
  const reviewed = { reviewedBy: by.person, reviewedAt: toInstant(nowMs), reviewNote: by.note };
  return { next: { ...approval, brokenGlass: { ...brokenGlass, ...reviewed } } };
}
