import type { ErrorRow } from "./error-row.js";
import { RECOVERY_ERRORS } from "./recovery-errors.js";
import { REQUEST_ERRORS } from "./request-errors.js";

/** Every refusal and fault that Secondsite can answer with. A code without a row does not compile. */
export const ERRORS = { ...REQUEST_ERRORS, ...RECOVERY_ERRORS } as const satisfies Record<string, ErrorRow>;

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

/** Whether what was thrown is our error of that code. */
export const hasCode = (thrown: unknown, code: ErrorCode): thrown is RecoveryError =>
  thrown instanceof RecoveryError && thrown.code === code;

/** The code that stands as `[code]` anywhere in a text, or undefined. */
export function codeIn(text: string): ErrorCode | undefined {
  for (const [, code] of text.matchAll(/\[([a-z-]+)\]/g)) {
    if (code !== undefined && isErrorCode(code)) return code;
  }
  return undefined;
}
