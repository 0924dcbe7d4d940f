import { z } from "zod";
import { codeIn, ERRORS, type ErrorCode, isErrorCode, messageOf, RecoveryError } from "../domain/errors.js";
import { type Failure, MAX_FAILURE_DETAILS } from "../domain/execution.js";

/** An activity's answer for what must not be retried: the state of things says no, and asking again won't help. */
export const refusalSchema = z.object({
  ok: z.literal(false),
  code: z.string().refine(isErrorCode),
  message: z.string(),
  details: z.array(z.string()),
});
export type Refusal = z.infer<typeof refusalSchema>;

/**
 * Whether an error is worth a retry: a transient fault of something outside. A step that outlived its limit is not,
 * because the next attempt would only find the same task hanging.
 */
export function isFault(code: ErrorCode): boolean {
  return ERRORS[code].retryable && ERRORS[code].httpStatus >= 500 && code !== "time-limit";
}

/** The refusal that an error stands for, or undefined when it is a fault and has to be thrown. */
export function refusalOf(thrown: unknown): Refusal | undefined {
  const code = thrown instanceof RecoveryError ? thrown.code : undefined;
  if (code === undefined || isFault(code)) return undefined;
  const { message, details } = thrown as RecoveryError;
  return { ok: false, code, message: withoutCode(message, code), details: [...details] };
}

/** What an activity answers: a value or a refusal. A fault is thrown. */
export async function answered(act: () => Promise<unknown>): Promise<object> {
  try {
    return { ok: true, value: await act() };
  } catch (thrown) {
    const refusal = refusalOf(thrown);
    if (refusal === undefined) throw thrown;
    return refusal;
  }
}

/**
 * Reads a failure from whatever was thrown. Hosts wrap an activity's error in words of their own, so the code is
 * searched for inside the text; a text without one is an `operation-failed`.
 */
export function failureOf(thrown: unknown): Failure {
  const { details } = thrown instanceof RecoveryError ? thrown : { details: [] };
  return { ...codeAndMessageOf(thrown), ...(details.length > 0 && { details: firstLines(details) }) };
}

function firstLines(lines: readonly string[]): string[] {
  const left = lines.length - MAX_FAILURE_DETAILS;
  const shown = lines.slice(0, MAX_FAILURE_DETAILS).map((line) => line.slice(0, 2_000));
  return left > 0 ? [...shown, `and ${left} more`] : shown;
}

function codeAndMessageOf(thrown: unknown): Pick<Failure, "code" | "message"> {
  const text = messageOf(thrown);
  const code = codeIn(text);
  if (code === undefined) return { code: "operation-failed", message: firstLine(text) };
  return { code, message: withoutCode(firstLine(text.slice(text.indexOf(`[${code}]`))), code) };
}

function withoutCode(message: string, code: string): string {
  return message.startsWith(`[${code}]`) ? message.slice(code.length + 2).trim() : message;
}

function firstLine(text: string): string {
  return (text.split("\n", 1)[0] ?? "").trim().slice(0, 500);
}
