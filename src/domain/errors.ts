import type { ErrorEntry } from "./error-entry.js";
import { RECOVERY_ERRORS } from "./recovery-errors.js";
import { REQUEST_ERRORS } from "./request-errors.js";
import { STEERING_ERRORS } from "./steering/steering-errors.js";

/** Every error that Secondsite can answer with. A code without an entry does not compile. */
export const ERRORS = {
  ...REQUEST_ERRORS,
  ...RECOVERY_ERRORS,
  ...STEERING_ERRORS,
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

/** An error with a code of the catalogue. Its message starts with `[code]`, so that the code survives any wrapping text. */
export class RecoveryError extends Error {
  override readonly name = "RecoveryError";
  readonly code: ErrorCode;
  readonly details: readonly string[];

  /**
   * @param message what happened, as a sentence
   * @param details further lines, such as one for each broken rule
   */
  constructor(code: ErrorCode, message: string, details: readonly string[] = []) {
    super(`[${code}] ${message}`);
    this.code = code;
    this.details = details;
  }
}

/** Whether a thrown value is a {@link RecoveryError} of the code. */
export const hasCode = (thrown: unknown, code: ErrorCode): thrown is RecoveryError =>
  thrown instanceof RecoveryError && thrown.code === code;

/** What whatever was thrown says. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** The first code in the form `[code]` in a text, or undefined. */
export function codeIn(text: string): ErrorCode | undefined {
  for (const [, code] of text.matchAll(/\[([a-z-]+)\]/g)) {
    if (code !== undefined && isErrorCode(code)) return code;
  }
  return undefined;
}
