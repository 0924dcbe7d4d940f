/** One row of the catalogue: what a code means to HTTP, to a retry and to a person. */
export interface ErrorRow {
  httpStatus: number;
  /** True when the same call may succeed later without anybody changing anything. */
  retryable: boolean;
  title: string;
  causes: string;
  action: string;
}

const row = (httpStatus: number, retryable: boolean, title: string, causes: string, action: string): ErrorRow => ({
  httpStatus,
  retryable,
  title,
  causes,
  action,
});

/** Every refusal and fault that Secondsite can answer with. A code without a row does not compile. */
export const ERRORS = {
  "invalid-input": row(
    400,
    false,
    "The input is not valid",
    "A field is missing, unknown or out of range.",
    "Correct the fields named in the details and send it again.",
  ),
  "not-found": row(
    404,
    false,
    "There is no such thing",
    "The id is misspelt, or it was never created or was removed.",
    "List what there is and use an id of the list.",
  ),
  "world-not-found": row(
    404,
    false,
    "There is no such world",
    "The world was not imported, or under another id.",
    "Import the world first.",
  ),
  "plan-not-found": row(
    404,
    false,
    "There is no such plan",
    "The plan was not saved, or under another id or version.",
    "Save the plan first, or list the plans.",
  ),
  "item-not-found": row(
    404,
    false,
    "There is no such protected item",
    "The item is not in the world.",
    "List the items of the world.",
  ),
  "execution-not-found": row(
    404,
    false,
    "There is no such execution",
    "It was never accepted, or under another id.",
    "List the executions.",
  ),
  "plan-invalid": row(
    422,
    false,
    "The plan breaks a rule",
    "A duplicate, empty, cyclic or unknown part of the plan.",
    "Correct the parts named in the details and save again.",
  ),
  "world-invalid": row(
    422,
    false,
    "The world breaks a rule",
    "A reference to something that the world does not have, or a duplicate id.",
    "Correct the parts named in the details and import again.",
  ),
  "world-in-use": row(
    409,
    false,
    "The world is in use",
    "Executions hold items of the world.",
    "Wait until they have ended, or cancel them.",
  ),
  "etag-mismatch": row(
    412,
    false,
    "It was changed by somebody else",
    "Another writer saved since you read it.",
    "Read it again, apply your change and save with the new ETag.",
  ),
  "already-exists": row(
    409,
    false,
    "It exists already",
    "Another writer created it first.",
    "Read it and change it with its ETag.",
  ),
  "item-held": row(
    409,
    false,
    "An execution holds the item",
    "Two executions never hold one item at once.",
    "Wait until the holder has ended, or cancel it.",
  ),
  "verb-not-allowed": row(
    409,
    false,
    "The verb is not allowed in this state",
    "The item is in a state in which the verb has no meaning.",
    "Do first what the reason names.",
  ),
  "verb-not-served": row(
    409,
    false,
    "The verb is not served yet",
    "This version of Secondsite does not serve it.",
    "Use one of the allowed actions.",
  ),
  "scenario-not-served": row(
    409,
    false,
    "The scenario is not served yet",
    "This version of Secondsite does not run it.",
    "Use items of a served scenario.",
  ),
  "prerequisites-failed": row(
    409,
    false,
    "A prerequisite is not met",
    "A machine, target setting or site does not meet a requirement.",
    "Mend what the failed checks name and start again.",
  ),
  "execution-ended": row(
    409,
    false,
    "The execution has ended",
    "The decision came after the end.",
    "Look at its outcome; start another execution if needed.",
  ),
  "nothing-awaited": row(
    409,
    false,
    "Nothing waits for this decision",
    "The execution is not at a step that waits for it.",
    "Look at the step tree for what it waits for.",
  ),
  "custom-point-for-one-item": row(
    422,
    false,
    "A custom point is for a single item",
    "A plan was asked to use one named recovery point.",
    "Choose latest, latest-processed, latest-app-consistent or latest-crash-consistent for a plan.",
  ),
  "no-recovery-point": row(
    409,
    true,
    "There is no such recovery point",
    "Replication made no point of that kind, or it has been pruned or deleted.",
    "Choose another kind, or wait for the next point.",
  ),
  "no-common-recovery-point": row(
    409,
    true,
    "The group has no common recovery point",
    "The members of the replication group share no point of that kind.",
    "Wait for the next common point, or choose another kind.",
  ),
  "shutdown-failed": row(
    409,
    true,
    "The source could not be shut down",
    "The guest did not answer, or the site is unreachable.",
    "Shut it down by hand and retry, or use an unplanned failover.",
  ),
  "stale-epoch": row(
    409,
    false,
    "The request carries an old epoch",
    "Another promotion happened since.",
    "Read the item again; do not start the old copy.",
  ),
  "site-unreachable": row(
    503,
    true,
    "The site cannot be reached",
    "The site or the link to it is down.",
    "Restore the connection; the step tries again.",
  ),
  "operation-failed": row(
    502,
    true,
    "The hypervisor failed the operation",
    "A passing or injected fault.",
    "Look at the task at the hypervisor; the step tries again.",
  ),
  "operation-refused": row(
    409,
    false,
    "The hypervisor refused the operation",
    "The machine is not in a condition in which it makes sense.",
    "Look at what the message names.",
  ),
  "task-key-reused": row(
    409,
    false,
    "The task key stands for something else",
    "One key was used for two different operations.",
    "Use the key of the step.",
  ),
  "time-limit": row(
    504,
    true,
    "The time limit has passed",
    "The step hangs, or the limit is too short for it.",
    "Look at the machine; retry or raise the limit.",
  ),
  "action-failed": row(
    502,
    true,
    "An action failed",
    "The webhook did not answer with success, or the manual action was rejected.",
    "Correct what it does and retry.",
  ),
  "egress-refused": row(
    422,
    false,
    "The address is not allowed",
    "The webhook points at a loopback or private address.",
    "Use a public address, or allow it by setting.",
  ),
  "validation-rejected": row(
    409,
    false,
    "Validation was rejected",
    "A person rejected the recovered application.",
    "Read the reason; change the recovery point or cancel.",
  ),
  "validation-expired": row(
    504,
    false,
    "Nobody validated in time",
    "The time limit of the validation has passed.",
    "Validate and commit, change the recovery point, or cancel.",
  ),
  cancelled: row(
    409,
    false,
    "The execution was cancelled",
    "Somebody cancelled it.",
    "Start another execution when ready.",
  ),
  stopped: row(
    409,
    false,
    "The execution stopped before this item",
    "A critical item failed, and the failure policy says stop.",
    "Mend the failed item and start again.",
  ),
  "undo-failed": row(
    500,
    true,
    "A step could not be undone",
    "The hypervisor failed the undo.",
    "Cancel again once the cause is gone; the item says what is left.",
  ),
  leftovers: row(
    409,
    true,
    "The test left something behind",
    "A test copy or network could not be removed.",
    "Run test clean-up again once the cause is gone.",
  ),
  "row-unreadable": row(
    500,
    false,
    "A stored row cannot be read",
    "It was written by a newer version, or damaged.",
    "Use the version that wrote it, or restore the row; it was left untouched.",
  ),
  "value-too-large": row(
    413,
    false,
    "The value is too large to store",
    "One row holds at most about 840,000 characters.",
    "Split the plan or world into smaller ones.",
  ),
  "too-many-faults": row(
    409,
    false,
    "There are too many faults",
    "A world keeps at most 500 injected faults.",
    "Clear some faults first.",
  ),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** True when `code` is a code of the catalogue. */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

/** An error with a code of the catalogue; the message starts with `[code]`, so that it is found inside any wrapping text. */
export class RecoveryError extends Error {
  override readonly name = "RecoveryError";
  readonly code: ErrorCode;
  readonly details: readonly string[];

  /**
   * @param message what happened to what, as a sentence
   * @param details further lines, e.g. one per broken rule
   */
  constructor(code: ErrorCode, message: string, details: readonly string[] = []) {
    super(`[${code}] ${message}`);
    this.code = code;
    this.details = details;
  }
}

/** The code that stands as `[code]` anywhere in a text, or undefined. */
export function codeIn(text: string): ErrorCode | undefined {
  for (const [, code] of text.matchAll(/\[([a-z-]+)\]/g)) {
    if (code !== undefined && isErrorCode(code)) return code;
  }
  return undefined;
}
