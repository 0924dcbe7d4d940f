import { z } from "zod";
import { codeIn, ERRORS, type ErrorCode, RecoveryError } from "../domain/errors.js";

type ErrorRow = (typeof ERRORS)[ErrorCode];

/** What only HTTP can get wrong; the rest of the catalogue is the domain's. */
const HTTP_ERRORS = {
  "malformed-body": {
    httpStatus: 400,
    retryable: false,
    title: "The body can not be read",
    causes: "It is cut off, or not in the format that its content type names.",
    action: "Correct the text at the place named and send it again.",
  },
  "header-missing": {
    httpStatus: 400,
    retryable: false,
    title: "A header is missing",
    causes: "The route needs it to make the request safe to repeat.",
    action: "Send the header named; for Idempotency-Key any text that is new for each intent, such as a GUID.",
  },
  "body-too-large": {
    httpStatus: 413,
    retryable: false,
    title: "The body is too large",
    causes: "Bodies are read up to 1 MiB, worlds up to 8 MiB, and as YAML up to 25,000 words and signs.",
    action: "Send a large YAML document as JSON; split what is larger still into smaller ones.",
  },
  "unsupported-media-type": {
    httpStatus: 415,
    retryable: false,
    title: "The content type is not read",
    causes: "Bodies are JSON or YAML, and not packed.",
    action: "Send application/json or application/yaml, without a content encoding.",
  },
  "unexpected-fault": {
    httpStatus: 500,
    retryable: true,
    title: "Something went wrong inside",
    causes: "A fault that Secondsite did not foresee, or its storage can not be reached.",
    action: "Try again; if it stays, look in the log for the time of this answer.",
  },
} as const satisfies Record<string, ErrorRow>;

export type ProblemCode = ErrorCode | keyof typeof HTTP_ERRORS;

const CATALOGUE: Readonly<Record<ProblemCode, ErrorRow>> = { ...ERRORS, ...HTTP_ERRORS };

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** One field of a request that is wrong. */
export const invalidFieldSchema = z.object({
  part: z.enum(["path", "query", "body"]),
  path: z.string(),
  message: z.string(),
});
export type InvalidField = z.infer<typeof invalidFieldSchema>;

/** A problem document (RFC 9457) with the catalogue's code, causes and advice. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  retryable: z.boolean(),
  causes: z.string(),
  action: z.string(),
  details: z.array(z.string()).optional(),
  fields: z.array(invalidFieldSchema).optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** A problem found at the boundary, before any command ran. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly code: ProblemCode;
  readonly fields: readonly InvalidField[];

  constructor(code: ProblemCode, message: string, found: { fields?: readonly InvalidField[] } = {}) {
    super(message);
    this.code = code;
    this.fields = found.fields ?? [];
  }
}

export function statusOf(code: ProblemCode): number {
  return CATALOGUE[code].httpStatus;
}

/** The problem document for whatever a handler threw. Faults without a code tell nothing of their inside. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof ApiProblem) {
    return document(thrown.code, thrown.message, thrown.fields.length > 0 ? { fields: [...thrown.fields] } : {});
  }
  if (thrown instanceof RecoveryError) {
    const message = thrown.message.slice(thrown.code.length + 2).trim();
    return document(thrown.code, message, thrown.details.length > 0 ? { details: [...thrown.details] } : {});
  }
  const code = codeIn(thrown instanceof Error ? thrown.message : String(thrown));
  if (code !== undefined) return document(code, CATALOGUE[code].title, {});
  return document("unexpected-fault", "The request could not be served.", {});
}

/** An answer stays short whatever was sent: it quotes the request, which may be a mebibyte wrong in each letter. */
const MAX_TEXT_CHARACTERS = 1_000;
const MAX_DETAILS = 50;

const short = (text: string): string => (text.length > MAX_TEXT_CHARACTERS ? `${text.slice(0, MAX_TEXT_CHARACTERS)}…` : text);

function document(
  code: ProblemCode,
  detail: string,
  { details, fields }: Pick<Problem, "details" | "fields">,
): Problem {
  const { httpStatus, title, retryable, causes, action } = CATALOGUE[code];
  return {
    type: `urn:secondsite:problem:${code}`,
    title,
    status: httpStatus,
    detail: short(detail),
    code,
    retryable,
    causes,
    action,
    ...(details && { details: first(details) }),
    ...(fields && {
      fields: fields.map(({ part, path, message }) => ({ part, path: short(path), message: short(message) })),
    }),
  };
}

function first(details: readonly string[]): string[] {
  const left = details.length - MAX_DETAILS;
  const shown = details.slice(0, MAX_DETAILS).map(short);
  return left > 0 ? [...shown, `and ${left} more`] : shown;
}
